/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * change.h - the life of the configuration: from a request to what is in force and on the disk.
 *
 * One change at a time: pending in the store -> the maps (engine_commit()) -> active in the store,
 * with its event, in one transaction. Others wait, CHANGE_QUEUE of them; what is beyond is refused.
 * The loop never waits for the disk: each request is answered once, by its `done`, maybe from within
 * change_submit(), at the latest from within change_free().
 *
 * A change with confirm_ms undoes itself unless it is confirmed in time, also when the daemon dies
 * meanwhile: then the next start does it. Until then no other change is taken, so that there is never
 * a doubt what an undoing leads back to.
 *
 * One thread: all calls come from the loop. machine.h is what it decides by.
 */
#ifndef SLUICE_CHANGE_CHANGE_H
#define SLUICE_CHANGE_CHANGE_H

#include "base/histogram.h"
#include "change/impact.h"
#include "change/result.h"
#include "state/answer.h"

#define CHANGE_QUEUE	      16
#define CHANGE_CONFIRM_MIN_MS 1000
#define CHANGE_CONFIRM_MAX_MS (24u * 3600 * 1000)
#define CHANGE_MOVE_ANY	      1000000 /* of a million slots: all of them */

struct change;
struct event_base;
struct events;
struct store;

/* X(NAME): what is asked for. */
enum change_kind {
	CHANGE_APPLY,	 /* desired */
	CHANGE_ROLLBACK, /* number; 0: the one before, or undo the one that waits to be confirmed */
	CHANGE_CONFIRM,	 /* number; 0: whichever waits */
};

struct change_request {
	enum change_kind kind;
	struct config *desired; /* owned */
	uint64_t number;
	char author[RECORD_ACTOR_MAX]; /* "uid:1000 ann" */
	char reason[RECORD_TEXT_MAX];  /* the operator's words, or empty */
	char source[RECORD_TEXT_MAX];  /* the file's name, "api", "SIGHUP" */
	char trace[RECORD_TRACE_MAX];
	uint64_t if_generation; /* 0: any */
	uint32_t max_move_ppm;	/* slots of a service, of a million, that may move */
	uint32_t confirm_ms;	/* 0: needs no confirmation */
	bool dry_run;
};

/* Zeroed, but for what stands for "anything". */
#define CHANGE_REQUEST(its_kind)                                                                   \
	((struct change_request){.kind = (its_kind), .max_move_ppm = CHANGE_MOVE_ANY})

struct change_answer {
	enum change_result result;
	struct sl_errors errors; /* unless CHANGE_DONE: why, for the operator */
	bool same;		 /* the text in force is the one that was asked for */
	uint64_t generation;	 /* in force now */
	uint64_t deadline_ms;	 /* CLOCK_REALTIME: to be confirmed until then; 0: needs it not */
	struct impact impact;	 /* of a change that was looked at; else zeroed */
};

typedef void change_done_fn(void *context, struct change_answer *answer);

struct change_options {
	struct engine *engine; /* borrowed, and so below */
	struct store *store;
	struct events *events;
	bool store_is_truth;
	const char *file; /* name of the daemon's own */
};

/*
 * Decides what the start begins with and commits it to the maps: the file's configuration, which is
 * taken, or the store's. The store is brought up to date afterwards. `recall` is what store_new()
 * gave; it is only read.
 */
int change_new(struct event_base *base, const struct change_options *options, struct config *file,
	       const struct store_answer *recall, struct change **ret_change,
	       struct sl_errors *errors);
/* After store_free(): what was asked of the store has been answered by then. */
void change_free(struct change *change);
/* Answers all that waits, and takes no more. Before store_free(). */
void change_close(struct change *change);

/* Takes request->desired. `done` is called once; it may take parts of the answer by emptying them. */
void change_submit(struct change *change, struct change_request *request, change_done_fn *done,
		   void *context);

/* As impact_find(), with the host's own addresses. */
int change_preview(const struct change *change, const struct config *desired,
		   struct impact *ret_impact, struct sl_errors *errors);

struct change_view {
	bool store_is_truth;
	uint64_t unconfirmed; /* 0: none */
	uint64_t deadline_ms; /* CLOCK_REALTIME */
	uint64_t settled;     /* what an undoing leads to, or the one in force */
	uint64_t withheld;    /* the file holds it, but it isn't used; 0: none */
	const char *why;      /* of that, for the operator; borrowed */
	bool unrecorded;      /* the store doesn't know what is in force */
};
void change_view(const struct change *change, struct change_view *ret_view);

/* X(NAME, word): how a commit to the maps ended. */
#define CHANGE_COMMITS(X)                                                                          \
	X(DONE, "done")                                                                            \
	X(FAILED, "failed")                                                                        \
	X(UNDONE, "undone") /* back to what was in force before */

#define X(name, word) CHANGE_COMMIT_##name,
enum change_commit { CHANGE_COMMITS(X) CHANGE_COMMIT_COUNT };
#undef X

/* Since the daemon's start, with the start's own. */
struct change_counts {
	uint64_t commits[CHANGE_COMMIT_COUNT];
	struct histogram duration; /* of the maps' part, however it ended */
};
/* Borrowed. */
const struct change_counts *change_counts(const struct change *change);

#endif
