/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * protocol.h - what the two processes say to each other: one request, one reply, each of one size.
 *
 * A request holds numbers and bytes, no string and no path: which interface is meant is an index
 * into the list that the loader read itself, and so is a file. With the reply to FILE comes a
 * descriptor of its contents; no other message has one. Text flows only from the loader to the worker. Both
 * sides are one executable, so a version that differs means that something else is talking.
 */
#ifndef SLUICE_PROTOCOL_H
#define SLUICE_PROTOCOL_H

#include "base/log_level.h"
#include "dataplane/program.h"
#include "sluice/abi.h"

#define PROTOCOL_VERSION   3
#define PROTOCOL_FRAME_MAX 2048
#define PROTOCOL_WHERE_MAX 64
#define PROTOCOL_WHAT_MAX  512

enum request_kind {
	REQUEST_LOAD,
	REQUEST_ATTACH,
	REQUEST_DETACH,
	REQUEST_MODE,
	REQUEST_EXPLAIN,
	REQUEST_READY,
	REQUEST_LOG,
	REQUEST_START, /* attach as a start does */
	REQUEST_FILE,
	REQUEST_COUNT
};

struct request {
	uint32_t version;
	uint32_t kind;		      /* enum request_kind */
	uint64_t sequence;	      /* the reply has the same */
	uint32_t interface;	      /* index, for FILE of the file; 0 for LOAD, READY, LOG */
	uint32_t frame_size;	      /* 0 but for EXPLAIN */
	struct program_config config; /* zeroed but for LOAD */
	uint8_t frame[PROTOCOL_FRAME_MAX];
	uint8_t log_component; /* enum log_component, ALL too; 0 but for LOG, and so below */
	uint8_t log_level;     /* enum log_level */
	uint16_t zero;
	uint32_t trial_ms; /* 0: for good, and but for ATTACH */
	uint32_t zero2;
};

struct reply {
	uint32_t version;
	int32_t result; /* 0 or a negative errno */
	uint64_t sequence;
	uint32_t mode;			/* enum config_mode, of REQUEST_MODE */
	struct program_run run;		/* of REQUEST_EXPLAIN */
	char where[PROTOCOL_WHERE_MAX]; /* the error, with final NULs; empty if result is 0 */
	char what[PROTOCOL_WHAT_MAX];
	uint32_t left_ms; /* of REQUEST_MODE: of a trial, else 0 */
};

_Static_assert(sizeof(struct request) == 72 + PROTOCOL_FRAME_MAX, "no padding in a request");
_Static_assert(sizeof(struct reply) == 32 + 2048 + PROTOCOL_WHERE_MAX + PROTOCOL_WHAT_MAX,
	       "no padding in a reply");

/* What is wrong with a message of `size` bytes, or NULL. Pure. */
const char *protocol_refuse(const struct request *request, size_t size, size_t n_interfaces);

#endif
