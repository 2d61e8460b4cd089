/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tls.h - TLS 1.2 and 1.3 in front of a listener: bytes come in secret and go on in the clear, over a
 * socket pair, to whoever serves them there.
 *
 * So a head is seen as it is by the same gate as on the other listeners, before the HTTP library reads
 * it; that library's own TLS would decrypt where nothing stands between. What it costs is a copy
 * of each byte through the kernel.
 *
 * A connection has a buffer each way; one end that is slow stops the other. When the inner end closes,
 * what it wrote is delivered, then the client is given TLS_LINGER_S to close. One that takes nothing for
 * TLS_STALL_S is closed. There are TLS_MAX connections at a time at most; those that linger give way.
 *
 * The home of GnuTLS, with credentials.c and, for hashes, tokens.c.
 */
#ifndef SLUICE_API_TLS_H
#define SLUICE_API_TLS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

#define TLS_MAX	     128
#define TLS_LINGER_S 2
#define TLS_STALL_S  10

struct event_base;
struct tls;

struct tls *tls_new(struct event_base *base);
/* Closes all connections. */
void tls_free(struct tls *tls);

/*
 * Certificates (the chain, own first) and key in PEM form, for connections to come. -EINVAL with errors,
 * and those before stay. The names stand for the files in errors.
 */
int tls_set_certificate(struct tls *tls, const char *chain_name, const void *chain,
			size_t chain_size, const char *key_name, const void *key, size_t key_size,
			struct sl_errors *errors);

/* Whether the certificate is for that host: a name or an address without brackets. */
bool tls_is_for(const struct tls *tls, const char *host);

/* Takes the descriptor. The inner end, or -1: too many. */
int tls_accept(struct tls *tls, int fd);

#endif
