/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * record.h - what the store keeps, as plain values.
 *
 * Texts are UTF-8 in arrays of fixed size, so that records are copied, queued and kept in rings at a
 * bounded cost; record_text() fills one and cuts at a character. Only a generation's configuration
 * is memory of its own. Times are CLOCK_REALTIME in ms; 0: none.
 */
#ifndef SLUICE_STATE_RECORD_H
#define SLUICE_STATE_RECORD_H

#include "config/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- generations --------------------------------------------------------------------------------- */

/*
 * X(NAME, word). At most one generation is active, and at most one is pending or unconfirmed: a change
 * is begun only when the one before it is over. An unconfirmed generation is in force, and the active
 * one is what its undoing leads back to.
 *
 *   (none) --begin--> pending --finish--> active              the active one becomes superseded
 *                     pending --finish with a deadline--> unconfirmed
 *                     pending --fail--> failed
 *                     unconfirmed --confirm--> active         the active one becomes superseded
 *                     unconfirmed --undo--> undone
 */
#define GENERATION_STATES(X)                                                                       \
	X(PENDING, "pending")                                                                      \
	X(UNCONFIRMED, "unconfirmed")                                                              \
	X(ACTIVE, "active")                                                                        \
	X(SUPERSEDED, "superseded")                                                                \
	X(UNDONE, "undone")                                                                        \
	X(FAILED, "failed")

#define X(name, word) GENERATION_##name,
enum generation_state { GENERATION_STATES(X) GENERATION_STATE_COUNT };
#undef X

#define RECORD_ACTOR_MAX  96 /* "uid:1000 name", "token:NAME", "file", "sluiced" */
#define RECORD_TEXT_MAX	  256
#define RECORD_HASH_MAX	  65 /* SHA-256 in hex */
#define RECORD_TRACE_MAX  33 /* 32 hex digits, or empty */
#define RECORD_OBJECT_MAX 136
#define RECORD_DETAIL_MAX 384

struct generation {
	uint64_t number; /* from 1, never given twice; 0: no generation */
	uint64_t parent; /* the one in force when it was begun; 0: none. It may be pruned by now */
	enum generation_state state;
	uint64_t begun_ms;
	uint64_t ended_ms;    /* when it got the state it has now */
	uint64_t deadline_ms; /* of `apply --confirm`; kept afterwards */
	char author[RECORD_ACTOR_MAX];
	char reason[RECORD_TEXT_MAX]; /* the operator's words */
	char source[RECORD_TEXT_MAX]; /* "/etc/sluice/sluice.yaml", "api", "rollback to 12" */
	char error[RECORD_TEXT_MAX];  /* why it failed or was undone */
	char hash[RECORD_HASH_MAX];   /* of `config`; equal texts have equal hashes */
	size_t config_size;	      /* bytes */
	char *config; /* owned: as `show config` prints it, secrets as references; NULL in lists */
};

void generation_deinit(struct generation *generation);

/* ---- overrides and health ------------------------------------------------------------------------ */

/*
 * `backend` is which one of the pool's, as whoever writes it names it; the store only compares it. It
 * is made of the address and not of the name, which is a label: a backend that is renamed keeps what is
 * known of it, and another address under its name does not get it.
 */

/* The operator's word on a backend: override/list.h. */
struct override {
	char pool[CONFIG_NAME_MAX];
	char backend[CONFIG_NAME_MAX];
	char admin[16]; /* "ready", "drain", "disabled"; empty: not overridden */
	int weight;	/* -1: not overridden */
	char author[RECORD_ACTOR_MAX];
	char reason[RECORD_TEXT_MAX];
	uint64_t since_ms;
	uint64_t until_ms; /* 0: until it is removed. Whoever applies it watches the clock */
};

/* A backend's health as it was last known. */
struct last_health {
	char pool[CONFIG_NAME_MAX];
	char backend[CONFIG_NAME_MAX];
	bool up;
	uint64_t since_ms;
	char reason[RECORD_TEXT_MAX];
};

/* ---- events --------------------------------------------------------------------------------------- */

/* X(NAME, word). Words stand in the database: they are never changed, only added. */
#define EVENT_KINDS(X)                                                                             \
	X(BACKEND_UP, "backend_up")                                                                \
	X(BACKEND_DOWN, "backend_down")                                                            \
	X(COMMIT, "commit")                                                                        \
	X(COMMIT_FAILED, "commit_failed")                                                          \
	X(CONFIRM, "confirm")                                                                      \
	X(UNDO, "undo")                                                                            \
	X(ROLLBACK, "rollback")                                                                    \
	X(OVERRIDE, "override")                                                                    \
	X(OVERRIDE_EXPIRED, "override_expired")                                                    \
	X(ATTACH, "attach")                                                                        \
	X(DETACH, "detach")                                                                        \
	X(LIMIT, "limit")                                                                          \
	X(START, "start")                                                                          \
	X(STOP, "stop")                                                                            \
	X(STORE, "store")                                                                          \
	X(LOG_LEVEL, "log_level")                                                                  \
	X(OTHER, "other") /* a kind that only another version knows */

#define X(name, word) EVENT_##name,
enum event_kind { EVENT_KINDS(X) EVENT_KIND_COUNT };
#undef X

/* Zeroed but for `kind` and `text` is a good event; id and time are given by events.h. */
struct event_record {
	uint64_t id; /* grows with time, also over restarts; below 2^53 */
	uint64_t time_ms;
	enum event_kind kind;
	uint64_t generation; /* that it belongs to; 0: none */
	char actor[RECORD_ACTOR_MAX];
	char trace[RECORD_TRACE_MAX];
	char object[RECORD_OBJECT_MAX]; /* "web/backend1", "interface eth0" */
	char text[RECORD_TEXT_MAX];	/* for people */
	char detail
		[RECORD_DETAIL_MAX]; /* a JSON object for programs, or empty; kept as it is given */
};

#define EVENT_ALL_KINDS ((1u << EVENT_KIND_COUNT) - 1)

struct event_query {
	uint64_t after_id; /* those behind it; 0: all */
	uint64_t since_ms; /* not older; 0: all */
	uint32_t kinds;	   /* bits 1 << kind; 0: all */
	size_t limit;	   /* at most RECORD_PAGE_MAX; 0: that many */
	bool newest; /* the last `limit` that match, not the first; still in ascending order */
};

/* True when the query asks for this event; its limit is the caller's to count. */
bool event_matches(const struct event_query *query, const struct event_record *event);

#define RECORD_PAGE_MAX 1000

/* ---- words ---------------------------------------------------------------------------------------- */

const char *generation_state_word(enum generation_state state);
/* GENERATION_STATE_COUNT if it is none. */
enum generation_state generation_state_find(const char *word);
const char *event_kind_word(enum event_kind kind);
/* EVENT_KIND_COUNT if it is none. */
enum event_kind event_kind_find(const char *word);

/* Copies what fits, whole UTF-8 characters only, and always ends it; NULL is empty. */
void record_text(char *to, size_t size, const char *from);
#define record_set(array, from) record_text(array, sizeof(array), from)

uint64_t record_now_ms(void);

#endif
