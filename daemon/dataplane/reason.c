/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dataplane/reason.h"

#include "base/log.h"
#include "base/memory.h"

#include <bpf/libbpf.h>
#include <xdp/libxdp.h>

#include <stdbool.h>
#include <string.h>

static char kept[256];
static bool kept_is_verifier;

static bool starts(const char *line, const char *word)
{
	return !strncmp(line, word, strlen(word));
}

static void keep(const char *line)
{
	line += starts(line, "libbpf: ") ? strlen("libbpf: ") : 0;
	line += starts(line, "libxdp: ") ? strlen("libxdp: ") : 0;
	snprintf(kept, sizeof(kept), "%s", line);
}

/* The log ends with what the verifier objects to, and then figures. */
static void keep_verifier(char *log)
{
	char *rest = NULL;

	kept_is_verifier = true;
	for (char *line = strtok_r(log, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (!starts(line, "processed ") && !starts(line, "verification time") &&
		    !starts(line, "stack depth") && !strstr(line, " PROG LOAD LOG --"))
			keep(line);
}

static void take(bool is_warning, const char *format, va_list args)
{
	_cleanup_free_ char *text = sl_vprintf(format, args);

	size_t length = strlen(text);

	if (length && text[length - 1] == '\n')
		text[length - 1] = '\0';
	log_debug("%s", text);
	if (!is_warning)
		return;
	if (strstr(text, "BEGIN PROG LOAD LOG"))
		keep_verifier(text);
	else if (!kept[0] && !kept_is_verifier)
		keep(text);
}

static int take_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	/* Its debug lines would be thousands a load. */
	if (level != LIBBPF_DEBUG)
		take(level == LIBBPF_WARN, format, args);
	return 0;
}

static int take_libxdp(enum libxdp_print_level level, const char *format, va_list args)
{
	if (level != LIBXDP_DEBUG)
		take(level == LIBXDP_WARN, format, args);
	return 0;
}

void reason_begin(void)
{
	libbpf_set_print(take_libbpf);
	libxdp_set_print(take_libxdp);
	kept[0] = '\0';
	kept_is_verifier = false;
}

const char *reason_text(int error)
{
	return kept[0] ? kept : strerror(-error);
}
