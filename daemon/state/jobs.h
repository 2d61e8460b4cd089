/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * jobs.h - a thread that does jobs in order, and hands them back to the loop.
 *
 * Bounded in number and bytes. Every job that jobs_put() took comes back by `done`, on the loop and
 * never from within jobs_put(), or at the latest from within jobs_free().
 */
#ifndef SLUICE_STATE_JOBS_H
#define SLUICE_STATE_JOBS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

#define JOBS_MAX       512
#define JOBS_BYTES_MAX (256ull << 20)

struct event_base;
struct jobs;

/* Stands first in whatever the job is. */
struct job {
	struct job *next;
	size_t bytes; /* of memory that it holds, its answer's too */
};

struct jobs_client {
	/* In the thread: */
	void (*run)(void *context, struct job *job);
	/* At its start, after each job and when the time that it returned last is over: ms, or -1 for
	 * never. *ret_news: wake the loop. */
	int (*idle)(void *context, bool *ret_news);
	/* On the loop: */
	void (*done)(void *context, struct job *job);
	void (*news)(void *context);
};

/* `client` is borrowed. */
int jobs_new(struct event_base *base, const struct jobs_client *client, void *context,
	     struct jobs **ret_jobs, struct sl_errors *errors);
/* Does all that is waiting, and what `done` puts meanwhile, and ends the thread. */
void jobs_free(struct jobs *jobs);

/* False: full, or the thread has ended; the job is still the caller's. */
bool jobs_put(struct jobs *jobs, struct job *job);
/* Waits on the spot until the jobs put so far are done, and hands them back; false: not in time. */
bool jobs_wait(struct jobs *jobs, unsigned timeout_ms);
size_t jobs_waiting(struct jobs *jobs);

#endif
