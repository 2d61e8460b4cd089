/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * handover.h - how the privileged process makes the worker, and what it hands over.
 *
 * The worker is this program executed anew, so that nothing of the loader's memory (the hash key)
 * and no other descriptor (program, links) comes along. It has no capability, cannot gain any, and
 * runs as its own user. What it gets stands at fixed descriptors.
 */
#ifndef SLUICE_HANDOVER_H
#define SLUICE_HANDOVER_H

#include "base/error.h"
#include "sluice/abi.h"

#include <sys/types.h>

/*
 * The first argument that says: you are the worker. Behind it the configuration's path, and the log's
 * format and levels.
 */
#define HANDOVER_WORKER "--worker"
#define HANDOVER_ARGC	5

/* X(name): descriptors from 3 on, in this order; the maps follow. */
#define HANDOVER_FDS(X)                                                                            \
	X(LOADER)  /* socket to the loader */                                                      \
	X(API)	   /* listening Unix socket */                                                     \
	X(VIEW)	   /* the same, to look by; or a closed descriptor */                              \
	X(TCP)	   /* listening TCP socket, or a closed descriptor, as is the next */              \
	X(METRICS) /* listening TCP socket, or a closed descriptor */                              \
	X(LOCK)	   /* of the maps: held until both processes are gone */                           \
	X(CONFIG)  /* the configuration's text, sealed */

enum handover_fd {
	HANDOVER_BEFORE = 2,
#define X(name) HANDOVER_##name,
	HANDOVER_FDS(X) HANDOVER_MAPS,
#undef X
	HANDOVER_END = HANDOVER_MAPS + MAP_COUNT,
};

struct handover {
	int fds[HANDOVER_END]; /* borrowed; by enum handover_fd, -1: closed; 0 to 2 unused */
	const char *config_path;
	const char *log_format; /* as log_settings_take_format() and _levels() read them */
	const char *log_levels;
	uid_t uid;
	gid_t gid;
};

/* The user to run as: `name`, or for NULL "sluice", or, where that doesn't exist, "nobody". */
int handover_user(const char *name, uid_t *ret_uid, gid_t *ret_gid, struct sl_errors *errors);

/* Forks and executes the worker. Its pid, or -errno with an error. */
pid_t handover_start(const struct handover *handover, struct sl_errors *errors);

#endif
