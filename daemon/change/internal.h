/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * internal.h - the driver's own state, for its files alone.
 */
#ifndef SLUICE_CHANGE_INTERNAL_H
#define SLUICE_CHANGE_INTERNAL_H

#include "change/change.h"
#include "change/machine.h"

#include "base/sha256.h"

struct event;

/* A configuration in force or on its way there. */
struct text {
	char *text; /* owned: as config_write() has it */
	char hash[SHA256_HEX_MAX];
	char author[RECORD_ACTOR_MAX], reason[RECORD_TEXT_MAX], source[RECORD_TEXT_MAX];
	char trace[RECORD_TRACE_MAX];
	enum event_kind kind; /* of the event that says that it is in force */
};

/* A request that waits or is under way. */
struct job {
	struct change_request request;
	change_done_fn *done;
	void *context;
	struct change_answer answer;
};

struct change {
	struct change_options options;
	struct machine machine;
	struct event *timer; /* owned */
	bool closed;
	bool fetching; /* the first job's generation is on its way from the store */
	bool busy;     /* in run(): what happens meanwhile is seen to by its loop */
	struct job *queue[CHANGE_QUEUE]; /* owned; the first is under way */
	size_t n_queue;
	struct text next;	   /* of the change under way */
	struct text settled;	   /* what undoing leads back to */
	struct text trial;	   /* in force until confirmed */
	uint64_t previous;	   /* the generation before the settled one; 0: none */
	uint64_t deadline_ms;	   /* CLOCK_REALTIME */
	char why[RECORD_TEXT_MAX]; /* of what is undone or failed */
	struct sl_errors failure;  /* of the maps or the store, for the answer */
	uint64_t withheld;
	char withheld_why[RECORD_TEXT_MAX];
	struct change_counts counts;
};

/* text.c */
void text_set(struct text *text, const struct config *config);
void text_move(struct text *to, struct text *from);
void text_deinit(struct text *text);
void text_describe(struct text *text, const struct change_request *request);
struct config *text_read(const struct text *text, struct sl_errors *errors);
/*
 * The text with the fixed keys of `fixed`, checked as a whole; NULL with errors. `fixed` stays as it
 * is.
 */
struct config *text_fit(const char *name, const char *text, const struct config *fixed,
			struct sl_errors *errors);

/* act.c: what the machine asks for. True: *ret_event is how it went; false: the store will say. */
bool change_act(struct change *change, const struct machine_step *step,
		struct machine_event *ret_event);
/* act.c: engine_commit(), counted: as `well` if it goes well. */
int change_commit(struct change *change, struct config *config, uint64_t number,
		  enum change_commit well, struct sl_errors *errors);
/* begin.c: commits what the start begins with; takes `file`. */
int change_begin(struct change *change, struct config *file, const struct store_answer *recall,
		 struct sl_errors *errors);
/* explain.c: fills the answer's errors by its result. */
void change_explain(struct change *change, struct job *job);
/* change.c: goes on with an event. */
void change_go_on(struct change *change, struct machine_event *event);
void change_log(const char *what, const struct sl_errors *errors);

#endif
