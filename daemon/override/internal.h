/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * internal.h - the module's own state, for its files alone.
 */
#ifndef SLUICE_OVERRIDE_INTERNAL_H
#define SLUICE_OVERRIDE_INTERNAL_H

#include "override/override.h"

struct event;

/* A word on its way to the store, with its event. */
struct write {
	struct overrides *overrides;
	struct job *job;
	uint64_t event; /* id */
};

/* A request whose words are on their way to the store. */
struct job {
	override_done_fn *done; /* NULL: nobody asked */
	void *context;
	size_t waiting; /* for answers of the store */
	bool unrecorded;
	struct override_answer answer;
};

struct overrides {
	struct override_options options;
	struct override_list list;
	struct event *timer; /* owned */
	bool known;	     /* what the store holds has been read */
	bool listing;	     /* the store is asked for it */
	bool closed;
};

/* record.c: to the store, with the event; or, while it is degraded, the event alone. */
void record_put(struct overrides *overrides, struct job *job, const struct override *word,
		struct event_record *event);
void record_remove(struct overrides *overrides, struct job *job, const struct override *word,
		   struct event_record *event);
/* Answers it if nothing of it is on its way. */
void record_answer(struct job *job);
/* The store has recovered, or is another one: it gets what is in force. */
void record_refresh(struct overrides *overrides);

/* text.c: "drain", "weight 20"; and with its end and reason. Caller frees. */
char *override_said(const struct override *word);
char *override_describe(const struct override *word);

/* override.c: the engine as the word wants it, or (`word` NULL) as without it. */
int override_apply(struct overrides *overrides, const char *pool, const char *key,
		   const struct override *word, struct sl_errors *errors);
void override_set_timer(struct overrides *overrides);

#endif
