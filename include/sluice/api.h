/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * api.h - what daemon and client agree on, besides the JSON itself (docs/api.md).
 *
 * HTTP/1.1 over a Unix socket. Bodies are JSON, configurations are the text of a file. Errors are
 * RFC 9457 problem objects {"type","title","status","errors":[{"where","what"}]}.
 */
#ifndef SLUICE_API_H
#define SLUICE_API_H

#define SLUICE_SOCKET	   "/run/sluice/sluiced.sock"
#define SLUICE_CONFIG	   "/etc/sluice/sluice.yaml"
#define SLUICE_PIN_DIR	   "/sys/fs/bpf/sluice"
#define SLUICE_API_VERSION "v1"

#define SLUICE_PATH_VERSION    "/v1/version"
#define SLUICE_PATH_STATUS     "/v1/status"
#define SLUICE_PATH_SERVICES   "/v1/services"
#define SLUICE_PATH_BACKENDS   "/v1/backends" /* POST <pool>/<backend> {"admin":..,"weight":..} */
#define SLUICE_PATH_VERDICTS   "/v1/verdicts"
#define SLUICE_PATH_FLOWS      "/v1/flows"
#define SLUICE_PATH_INTERFACES "/v1/interfaces"
#define SLUICE_PATH_CONFIG     "/v1/config"	     /* GET: text; PUT: commit (?name=FILE) */
#define SLUICE_PATH_CONFIRM    "/v1/config/confirm"  /* POST (?number=N) */
#define SLUICE_PATH_ROLLBACK   "/v1/config/rollback" /* POST (?number=N) */
#define SLUICE_PATH_HISTORY    "/v1/history"
#define SLUICE_PATH_EVENTS     "/v1/events"  /* ?since, after, kind, limit, watch */
#define SLUICE_PATH_DIFF       "/v1/diff"    /* POST: a configuration's text (?name=FILE) */
#define SLUICE_PATH_EXPLAIN    "/v1/explain" /* POST */
#define SLUICE_PATH_ATTACH     "/v1/attach"  /* POST {"interfaces":[..],"for_ms":..} */
#define SLUICE_PATH_DETACH     "/v1/detach"  /* POST */
#define SLUICE_PATH_LOG	       "/v1/log"     /* PUT {"component":..,"level":..} */
#define SLUICE_PATH_METRICS    "/metrics"
#define SLUICE_PATH_HEALTHZ    "/healthz"

/* How long an interface may be attached on trial. */
#define SLUICE_TRIAL_MIN_MS 1000
#define SLUICE_TRIAL_MAX_MS (24 * 3600 * 1000)

/* Bytes of a frame to explain. */
#define SLUICE_FRAME_MIN 14
#define SLUICE_FRAME_MAX 2048

/* X(NAME, "word", help): who may do what on the API; each may do what those before it may. */
#define SLUICE_ROLES(X)                                                                            \
	X(NONE, "none", "nothing")                                                                 \
	X(VIEWER, "viewer", "look")                                                                \
	X(OPERATOR, "operator", "also drain, enable, disable and weigh backends")                  \
	X(ADMIN, "admin", "also change the configuration and the log, and detach")

#define X(name, word, help) SLUICE_ROLE_##name,
enum sluice_role { SLUICE_ROLES(X) SLUICE_ROLE_COUNT };
#undef X

/* What a bearer token begins with; the rest is 64 hex digits, of 256 random bits. */
#define SLUICE_TOKEN_PREFIX "sluice_"
#define SLUICE_TOKENS	    "/etc/sluice/tokens"

/* X(NAME, value, help): exit statuses; `diff`, `doctor` and `status` of the client have their own (0, 1, 2). */
#define SLUICE_EXITS(X)                                                                            \
	X(OK, 0, "done")                                                                           \
	X(FAILURE, 1, "failed")                                                                    \
	X(USAGE, 2, "wrong usage")                                                                 \
	X(CONFIG, 3, "invalid configuration")                                                      \
	X(NO_DAEMON, 4, "no daemon")                                                               \
	X(PERMISSION, 5, "no permission")                                                          \
	X(CONFLICT, 6, "another generation, or a change in the way")                               \
	X(TIMED_OUT, 7, "waited too long")                                                         \
	X(NOT_FOUND, 8, "no such object")

#define X(name, value, help) SLUICE_EXIT_##name = (value),
enum sluice_exit { SLUICE_EXITS(X) };
#undef X

#endif
