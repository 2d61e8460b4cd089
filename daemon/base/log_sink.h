/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log_sink.h - lines to a descriptor that may be slow, full or gone, without ever waiting for it.
 *
 * One write(2) a line, so that the lines of two processes don't mix. A line that isn't taken at once is
 * dropped and counted: a reader that sleeps must not stop the balancer, and a queue in memory would
 * only put the loss off. (A regular file is written as it is: disks make nobody wait for ever.)
 */
#ifndef SLUICE_LOG_SINK_H
#define SLUICE_LOG_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct log_sink {
	int fd;		  /* borrowed */
	bool is_torn;	  /* the last line was taken in part: the next begins with a line feed */
	uint64_t dropped; /* since the last line that was taken */
};

/*
 * Makes writes to `fd` return instead of waiting, without doing so to those who share it: a pipe or a
 * terminal is opened anew and takes its place. SIGPIPE is ignored from now on. Where it can't be opened
 * (another user's pipe), log_sink_write() asks first whether there is room.
 */
void log_sink_prepare(int fd);

/* False: it was dropped, and is counted. */
bool log_sink_write(struct log_sink *sink, const char *line, size_t size);

#endif
