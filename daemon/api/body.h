/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * body.h - from the bytes of a request's body to what is asked. Pure.
 *
 * Strict: one JSON object, at most BODY_DEPTH deep, no duplicate and no unknown members. All errors
 * at once, each "body.<member>" and what would be right. 0, or -EINVAL with errors.
 */
#ifndef SLUICE_API_BODY_H
#define SLUICE_API_BODY_H

#include "base/address.h"
#include "base/error.h"
#include "base/log_level.h"
#include "sluice/api.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BODY_DEPTH	8
#define BODY_REASON_MAX 256 /* with the final NUL */

struct body_backend {
	bool has_admin;
	int admin; /* enum admin */
	bool has_weight;
	int weight;	 /* -1: the configuration's */
	uint64_t for_ms; /* 0: without an end */
	char reason[BODY_REASON_MAX];
};

/*
 * {"admin": WORD, "weight": NUMBER or null, "for": "1h", "reason": TEXT}: one of the first two at
 * least; "for" only with one that begins something.
 */
int body_parse_backend(const char *text, size_t size, struct body_backend *ret,
		       struct sl_errors *errors);

struct body_log {
	enum log_component component; /* LOG_COMPONENT_ALL if not given */
	enum log_level level;
};

/* {"component": WORD, "level": WORD}: "component" may be missing. */
int body_parse_log(const char *text, size_t size, struct body_log *ret, struct sl_errors *errors);

struct body_attach {
	char interface[16]; /* "": all */
	uint32_t for_ms;    /* 0: for good */
};

/* {"interface": NAME, "for_ms": SLUICE_TRIAL_MIN_MS to SLUICE_TRIAL_MAX_MS}: each may be missing. */
int body_parse_attach(const char *text, size_t size, struct body_attach *ret,
		      struct sl_errors *errors);

struct body_explain {
	char interface[16]; /* "": not given */
	/* either a frame */
	uint8_t frame[SLUICE_FRAME_MAX];
	size_t frame_size; /* 0: a flow instead */
	/* or a flow, of which a frame is made (frame.h) */
	uint8_t protocol;
	struct address source;
	struct address destination; /* of the same family */
	uint16_t source_port;
	uint16_t destination_port;
	uint8_t tcp_flags; /* as on the wire; SYN if not given */
};

/*
 * {"interface": NAME, "frame_hex": DIGITS} or {"interface": NAME, "protocol": "tcp" or "udp",
 * "source": ADDRESS, "source-port": N, "destination": ADDRESS, "destination-port": N,
 * "tcp-flags": "syn,ack"}. "interface" and "tcp-flags" may be missing.
 */
int body_parse_explain(const char *text, size_t size, struct body_explain *ret,
		       struct sl_errors *errors);

#endif
