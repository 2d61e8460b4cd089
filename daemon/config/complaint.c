/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/complaint.h"

#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>

/* Texts of a file are shown on terminals and in logs: nothing in them may act there. */
static void make_harmless(char *text)
{
	for (; *text; text++)
		if (*text < 0x20 || *text > 0x7e)
			*text = '?';
}

void complain(struct complaints *complaints, struct position at, const char *format, ...)
{
	struct complaint *complaint;
	va_list args;

	if (complaints->count == SL_ERRORS_MAX) {
		complaints->dropped++;
		return;
	}
	complaint = &complaints->list[complaints->count];
	va_start(args, format);
	*complaint = (struct complaint){at, complaints->count, sl_vprintf(format, args)};
	va_end(args);
	make_harmless(complaint->what);
	complaints->count++;
}

static int compare(const void *left, const void *right)
{
	const struct complaint *a = left, *b = right;

	if (a->at.line != b->at.line)
		return a->at.line < b->at.line ? -1 : 1;
	if (a->at.column != b->at.column)
		return a->at.column < b->at.column ? -1 : 1;
	return a->sequence < b->sequence ? -1 : 1;
}

bool complaints_deliver(struct complaints *complaints, const char *name, struct sl_errors *errors)
{
	bool any = complaints->count;

	qsort(complaints->list, complaints->count, sizeof(complaints->list[0]), compare);
	for (size_t i = 0; i < complaints->count; i++) {
		struct complaint *complaint = &complaints->list[i];
		_cleanup_free_ char *where = sl_printf("%s:%u:%u", name, complaint->at.line,
						       complaint->at.column);

		sl_fail(errors, EINVAL, where, "%s", complaint->what);
		free(complaint->what);
	}
	if (errors)
		errors->dropped += complaints->dropped;
	complaints->count = complaints->dropped = 0;
	return any;
}
