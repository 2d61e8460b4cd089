/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A line: "INTERFACE DESTINATION GATEWAY ..."; the default route's destination is zero.
 */
#include "host/route.h"

#include "host/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_known(const struct host_name *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(names[i].text, name))
			return true;
	return false;
}

size_t host_default_interfaces(const char *root, struct host_name *ret_names, size_t most)
{
	char *text = host_read_file(root, "proc/net/route"), *state = NULL;
	size_t count = 0;

	for (char *line = text ? strtok_r(text, "\n", &state) : NULL; line && count < most;
	     line = strtok_r(NULL, "\n", &state)) {
		char destination[16];
		struct host_name name;

		if (sscanf(line, "%15s %15s", name.text, destination) == 2 &&
		    !strcmp(destination, "00000000") && !is_known(ret_names, count, name.text))
			ret_names[count++] = name;
	}
	free(text);
	return count;
}
