/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machine.h - one change at a time, from the request to its end. Pure: what has happened goes in, what
 * is to be done next comes out; the driver (change.c) does it and says how it went.
 *
 *   IDLE -> BEGINNING -> COMMITTING -> FINISHING -> IDLE       FAILING when the maps refuse
 *        -> CONFIRMING -> IDLE
 *        -> REVERTING -> UNDOING -> IDLE                       asked for, or the time to confirm is over
 *        -> RECALLING -> MENDING or RECORDING -> RECALLING ... -> IDLE
 *
 * The last row brings the store up to date with what is in force, after the start and whenever the
 * store may hold something else: it is asked for what it has, one difference is mended, and it is
 * asked again.
 *
 * A store that doesn't answer: where the file is the truth, a change goes on without a record; where
 * the store is, it is refused. A change that waits to be confirmed is refused in both: that it would be
 * undone could not be promised.
 *
 * Times are of a clock that doesn't jump, in ms.
 */
#ifndef SLUICE_CHANGE_MACHINE_H
#define SLUICE_CHANGE_MACHINE_H

#include "change/result.h"
#include "state/answer.h"

#include <stdbool.h>
#include <stdint.h>

enum machine_phase {
	MACHINE_IDLE,
	MACHINE_BEGINNING,
	MACHINE_COMMITTING,
	MACHINE_FINISHING,
	MACHINE_FAILING,
	MACHINE_CONFIRMING,
	MACHINE_REVERTING,
	MACHINE_UNDOING,
	MACHINE_RECALLING,
	MACHINE_MENDING,
	MACHINE_RECORDING,
};

enum machine_request { MACHINE_NO_REQUEST, MACHINE_CHANGE, MACHINE_CONFIRM, MACHINE_UNDO };

struct machine {
	bool store_is_truth;
	enum machine_phase phase;
	enum machine_request request; /* under way; answered once */
	enum change_result outcome;   /* that it is going to be answered with */
	uint32_t confirm_ms;	      /* of the request; 0: none */
	bool unrecorded;	      /* the change under way goes on without the store */
	uint64_t begun;		      /* the number of the change under way */
	uint64_t in_force;	      /* in the maps */
	uint64_t settled;	      /* the active one: in force, or what undoing leads back to */
	uint64_t unconfirmed;	      /* in force until its deadline; 0: none */
	uint64_t deadline_ms;
	bool stale; /* the store may hold something else than what is in force */
	uint64_t retry_ms;
	unsigned mended; /* in a row */
};

/* What the store holds, as numbers; 0: none. */
struct machine_recall {
	uint64_t active, pending, unconfirmed;
	bool same;	   /* the active one's text is that of the settled one */
	bool pending_same; /* and so for the pending one */
};

enum machine_event_kind {
	MACHINE_ASKED,	   /* only when machine_is_idle() */
	MACHINE_STORED,	   /* the store's answer to BEGIN, FINISH, FAIL, CONFIRM, UNDO, RECORD */
	MACHINE_RECALLED,  /* the store's answer to RECALL */
	MACHINE_APPLIED,   /* how COMMIT or REVERT went */
	MACHINE_TIME,	   /* it may be machine_wake() */
	MACHINE_RECOVERED, /* the store has, or holds another database now */
};

struct machine_event {
	enum machine_event_kind kind;
	uint64_t now_ms;
	enum machine_request request; /* ASKED */
	uint32_t confirm_ms;	      /* ASKED: of a change */
	enum store_result result;     /* STORED, RECALLED */
	uint64_t number;	      /* STORED: of what was begun */
	struct machine_recall recall; /* RECALLED, if the result is STORE_OK */
	bool ok;		      /* APPLIED */
};

/* The comment says what the driver answers with. */
enum machine_action {
	MACHINE_NOTHING,
	MACHINE_DO_BEGIN,   /* STORED; the requested text */
	MACHINE_DO_COMMIT,  /* APPLIED; the requested text, as step.number */
	MACHINE_DO_FINISH,  /* STORED; with a deadline if `trial` */
	MACHINE_DO_FAIL,    /* STORED */
	MACHINE_DO_CONFIRM, /* STORED */
	MACHINE_DO_REVERT,  /* APPLIED; the settled text, as step.number */
	MACHINE_DO_UNDO,    /* STORED */
	MACHINE_DO_RECALL,  /* RECALLED */
	MACHINE_DO_RECORD,  /* STORED; begins the settled text, at least as step.number */
};

/* What becomes of the driver's texts: the requested one, the one on trial, the settled one. */
enum machine_texts {
	MACHINE_TEXTS_STAY,
	MACHINE_TEXTS_SETTLE,  /* requested -> settled */
	MACHINE_TEXTS_TRY,     /* requested -> on trial */
	MACHINE_TEXTS_CONFIRM, /* on trial -> settled */
	MACHINE_TEXTS_UNDO,    /* on trial -> gone */
};

struct machine_step {
	enum machine_action action;
	uint64_t number;
	bool trial;
	enum machine_texts texts; /* before the action */
	bool answer;		  /* the request, with `result` */
	enum change_result result;
};

/* `in_force` is in the maps; the store is asked at the next MACHINE_TIME. */
void machine_init(struct machine *machine, bool store_is_truth, uint64_t in_force);
struct machine_step machine_step(struct machine *machine, const struct machine_event *event);
static inline bool machine_is_idle(const struct machine *machine)
{
	return machine->phase == MACHINE_IDLE;
}
/* When MACHINE_TIME has something to do; UINT64_MAX: never. */
uint64_t machine_wake(const struct machine *machine);

#endif
