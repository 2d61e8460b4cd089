/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced.h"

#include "fail.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int sluiced_exec(char *argv[])
{
	char self[PATH_MAX];
	ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);

	argv[0] = "sluiced";
	fflush(stdout);
	if (size > 0) {
		_free_ char *beside = NULL;

		self[size] = '\0';
		beside = text_printf("%s/sluiced", dirname(self));
		execv(beside, argv);
	}
	execvp("sluiced", argv);
	return fail(SLUICE_EXIT_FAILURE, "can't run sluiced: %s", strerror(errno));
}
