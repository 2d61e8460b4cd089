/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * imported.h - what becomes of another balancer's configuration: pools and services that sluice
 * accepts, and notes on what has no counterpart.
 *
 * Whatever is added here is made to fit: names valid and unique, addresses those of hosts, weights
 * and times within their limits. What can't be made to fit is refused with the reason, which is a
 * note's. Times are in ms; 0 stands for what the source doesn't say.
 */
#ifndef SLUICECTL_IMPORTED_H
#define SLUICECTL_IMPORTED_H

#include "import/map.h"
#include "import/place.h"
#include "import/source.h"

#include <stdint.h>

#define IMPORT_SERVICES_MAX 32767
#define IMPORT_BACKENDS_MAX 65535 /* counted once for each service */

enum import_check {
	IMPORT_CHECK_NONE,
	IMPORT_CHECK_TCP,
	IMPORT_CHECK_HTTP,
};

struct imported_check {
	enum import_check type;
	unsigned port; /* 0: the one that the service has */
	const char *path, *host;
	unsigned expect_first, expect_last;
	uint64_t interval_ms, timeout_ms;
	unsigned rise, fall;
	struct statement *statement; /* which it is of, for notes */
};

struct imported_backend {
	const char *name; /* NULL: the address */
	struct host host;
	unsigned port;	 /* 0: as the service */
	unsigned weight; /* the source's; made to fit when the pool is complete */
	struct statement *statement;
};

struct imported_pool {
	const char *name;
	struct imported_check check;
	struct imported_backend *backends;
	size_t n_backends;
	struct map addresses, names;
};

struct imported_service {
	const char *name;
	struct host vip;
	bool udp;
	unsigned port;			 /* 0: any */
	const char *algorithm, *forward; /* sluice's words */
	const struct imported_pool *pool;
	struct statement *statement;
};

struct imported {
	struct arena arena;
	struct statement source;
	struct notes notes;
	struct imported_pool **pools;
	size_t n_pools;
	struct imported_service *services;
	size_t n_services;
	size_t n_backends; /* of all services */
	struct map pool_names, service_names, contents, keys;
};

struct import_error {
	unsigned line; /* 0: of none */
	char what[200];
};

void imported_deinit(struct imported *imported);

/* Returns -1. */
int import_fail(struct import_error *error, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* NULL, or why it can't be: another backend has the address, or it is none of a host. */
const char *imported_add_backend(struct imported *imported, struct imported_pool *pool,
				 const struct imported_backend *backend);
/*
 * `pool` is a draft, which stays as it is and may serve for more services; equal ones become one.
 * NULL, or why it can't be.
 */
const char *imported_add_service(struct imported *imported, const struct imported_service *service,
				 const struct imported_pool *pool);

/*
 * The YAML text, in the arena. `interface` is the one for packets. NULL: it is larger than the
 * daemon reads.
 */
const char *imported_write(struct imported *imported, const char *interface, const char *title);

#endif
