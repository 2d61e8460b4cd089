/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * feed.h - what a resource says over time: its answer whenever it is another than before, numbered.
 *
 * A number means something within one run of the daemon only, so a cursor is "RUN-NUMBER": who comes
 * back with one of another run gets what is so now.
 */
#ifndef SLUICE_API_FEED_H
#define SLUICE_API_FEED_H

#include "api/route.h"

/* A line as it is sent, shared by all who still have to. */
struct feed_line {
	unsigned users;
	size_t size;
	char text[];
};

struct feed_line *feed_line_ref(struct feed_line *line);
void feed_line_unref(struct feed_line *line); /* may be NULL */

struct feed {
	const struct route *route; /* borrowed */
	uint32_t run;
	uint64_t number;	/* of the line; 0: there is none yet */
	struct feed_line *line; /* owned */
	char *said;		/* owned: what was compared; NULL: nothing */
};

void feed_init(struct feed *feed, const struct route *route, uint32_t run);
void feed_deinit(struct feed *feed);

/* Asks the resource. An answer that is a problem changes nothing. */
void feed_refresh(struct feed *feed, const struct api_context *context,
		  const struct request *request);

/* The line that says only that the feed goes on. */
struct feed_line *feed_heartbeat(const struct feed *feed, const struct api_context *context);

/* The number that a cursor of this run stands for; 0: of another one, or none at all. */
uint64_t feed_number(const struct feed *feed, const char *cursor);

#endif
