/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * access.h - who asks, and whether he may: for each request, before anything of it is carried out.
 *
 * In this order: the rate of his user or address; the Host that he names (TCP); his token and where it
 * may be used from (`api.listen`); the token's rate; his role against the one that the route needs.
 * Root on the admin socket is held to no rate: whatever a script of his does, he can still get in.
 */
#ifndef SLUICE_API_ACCESS_H
#define SLUICE_API_ACCESS_H

#include "base/error.h"
#include "config/config.h"

#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

struct access;
struct tls;
struct tokens;

enum listener {
	LISTENER_ADMIN,	  /* api.socket */
	LISTENER_VIEW,	  /* api.view-socket */
	LISTENER_TCP,	  /* api.listen */
	LISTENER_METRICS, /* api.metrics */
	LISTENER_COUNT
};

/* `tls` is borrowed: its certificate says which hosts are served; NULL: no TLS on `api.listen`. */
struct access *access_new(const struct config_api *settings, uid_t self, const struct tls *tls);
void access_free(struct access *access);

/* Takes the tokens, in the place of those before. */
void access_set_tokens(struct access *access, struct tokens *tokens);

/*
 * Whether a connection may shake hands for TLS, which costs more than a request: each address has the
 * rate of requests, and all together ACCESS_HANDSHAKES a second (twice as many at once), which is a
 * fifth of the loop's time with a key of RSA 2048, a twentieth with P-256.
 */
#define ACCESS_HANDSHAKES 100
bool access_may_shake(struct access *access, const struct sockaddr *from, uint64_t now_ns);

/* What is known of a request. All borrowed. */
struct visit {
	enum listener listener;
	int fd;
	const struct sockaddr *from;
	const char *host; /* headers; may be NULL */
	const char *authorization;
	uint64_t now_ns; /* clock_now_ns() */
	uint64_t time_s; /* Unix time */
};

struct caller {
	enum sluice_role role;
	uid_t uid;     /* -1: by TCP */
	char name[96]; /* "uid:1000", "token:NAME", "address:192.0.2.1" */
};

struct refusal {
	unsigned status; /* of HTTP */
	const char *title;
	unsigned retry_after_s; /* 0: no use */
};

/* True: he may. Else *ret_refusal, and errors say why. *ret_caller is set as far as he is known. */
bool access_admit(struct access *access, const struct visit *visit, enum sluice_role needed,
		  struct caller *ret_caller, struct refusal *ret_refusal, struct sl_errors *errors);

#endif
