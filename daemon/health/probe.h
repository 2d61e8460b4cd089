/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * probe.h - one question to one backend, and the kinds of question there are.
 *
 * A kind is an entry of probe_kinds and a file of its own: it asks and judges. When to ask, and how
 * long to wait for the answer, is the runner's business (runner.h), which cancels what takes too long.
 */
#ifndef SLUICE_HEALTH_PROBE_H
#define SLUICE_HEALTH_PROBE_H

#include "base/address.h"
#include "base/error.h"
#include "config/config.h"

#include <stdint.h>
#include <sys/socket.h>

struct event_base;

enum probe_outcome {
	PROBE_SUCCESS,
	PROBE_FAILURE,
	PROBE_UNKNOWN, /* this host's own trouble (no descriptor left): tells nothing of the backend */
};

#define PROBE_TEXT_MAX 64 /* with the final NUL */

struct probe_result {
	enum probe_outcome outcome;
	char text
		[PROBE_TEXT_MAX]; /* for operators: "connected", "HTTP 503", "connection refused" */
};

typedef void probe_done_fn(void *context, const struct probe_result *result);

struct probe_request {
	const struct address *address;	   /* borrowed until the probe's end, as is `check` */
	const struct config_health *check; /* its time-out is not the kind's to watch */
	probe_done_fn *done;
	void *context;
};

struct probe_kind {
	/* What all probes of the kind share. Both NULL: nothing. */
	int (*open)(struct event_base *base, void **ret_shared, struct sl_errors *errors);
	void (*close)(void *shared);
	/*
	 * Returns a probe, never NULL. Its end is told by `done` from the loop, never from within
	 * this call, and the probe is gone by then. A cancelled one is gone without a word.
	 */
	void *(*start)(struct event_base *base, void *shared, const struct probe_request *request);
	void (*cancel)(void *probe);
};

/* By enum config_check; NULL: no question is asked. */
extern const struct probe_kind *const probe_kinds[CONFIG_CHECK_COUNT];

extern const struct probe_kind probe_tcp;
extern const struct probe_kind probe_http;

/* ---- what kinds have in common -------------------------------------------------------------------- */

/*
 * A non-blocking TCP socket that is reset when closed, so that time-wait doesn't use up the ports.
 * -errno.
 */
int probe_socket(int family);
socklen_t probe_sockaddr(const struct address *address, uint16_t port,
			 struct sockaddr_storage *ret_sockaddr);
/* The result that a positive errno of socket(2) or connect(2) means. */
void probe_result_of_errno(int error, struct probe_result *ret_result);

#endif
