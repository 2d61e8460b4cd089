/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config.h - the noun: what the operator wants.
 *
 * A `struct config` is built by the reader (read.h), checked by it, and never changed afterwards.
 * All that it points to it owns; config_free() takes it all. Names are unique within their kind and
 * match [A-Za-z0-9_.:-]{1,63}. Arrays are in the order of the file.
 */
#ifndef SLUICE_CONFIG_H
#define SLUICE_CONFIG_H

#include "base/address.h"
#include "base/error.h"
#include "sluice/abi.h"
#include "sluice/api.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIG_NAME_MAX	  64 /* with the final NUL */
#define CONFIG_WEIGHT_MAX 1000
#define CONFIG_SIZE_MAX	  (8u << 20) /* bytes of a file */

/* How large the maps are made; a change is a restart. */
struct config_capacity {
	uint32_t services; /* 1 to 65536 */
	uint32_t backends; /* (service, backend) pairs; 1 to 65535 */
	uint32_t slots;	   /* a multiple of 16, 16 to 2^26 */
	uint32_t flows;	   /* a power of two, 1024 to 2^26; two 8-byte entries each */
};

/* X(name, word) */
#define CONFIG_ATTACHES(X)                                                                         \
	X(LINK, "link")	    /* a bpf_link of our own */                                            \
	X(SHARED, "shared") /* libxdp's dispatcher */
#define CONFIG_MODES(X)                                                                            \
	X(AUTO, "auto") /* native, else generic */                                                 \
	X(NATIVE, "native")                                                                        \
	X(GENERIC, "generic")                                                                      \
	X(OFFLOAD, "offload")
#define CONFIG_CHECKS(X)                                                                           \
	X(NONE, "none") /* always up */                                                            \
	X(TCP, "tcp")                                                                              \
	X(HTTP, "http")

#define CONFIG_SOURCES(X)                                                                          \
	X(FILE, "file")	  /* the file is the truth at the start and at SIGHUP */                   \
	X(STORE, "store") /* the state directory is */

#define X(name, word) CONFIG_ATTACH_##name,
enum config_attach { CONFIG_ATTACHES(X) CONFIG_ATTACH_COUNT };
#undef X
#define X(name, word) CONFIG_MODE_##name,
enum config_mode { CONFIG_MODES(X) CONFIG_MODE_COUNT };
#undef X
#define X(name, word) CONFIG_CHECK_##name,
enum config_check { CONFIG_CHECKS(X) CONFIG_CHECK_COUNT };
#undef X
#define X(name, word) CONFIG_SOURCE_##name,
enum config_source { CONFIG_SOURCES(X) CONFIG_SOURCE_COUNT };
#undef X

struct config_interface {
	char name[16]; /* IFNAMSIZ */
	enum config_attach attach;
	enum config_mode mode;
};

/* What a user or a group of the host may do on the Unix socket. */
struct config_role {
	char who[CONFIG_NAME_MAX]; /* "user:NAME" or "group:NAME", or with a number */
	enum sluice_role role;
};

struct config_api {
	char *socket;		/* path of the Unix socket */
	char *view_socket;	/* of the one that everybody may look by; NULL: none */
	struct address metrics; /* loopback only; family 0: no such listener */
	uint16_t metrics_port;
	enum sluice_role others;   /* of who may use the socket and has no role of his own */
	struct config_role *roles; /* owned */
	size_t n_roles;
	struct address listen; /* family 0: no such listener; without TLS loopback only */
	uint16_t listen_port;
	char *certificate; /* files; NULL: no TLS. Both or none */
	char *key;
	char *tokens;
	uint32_t rate;	/* requests a second, of each uid, address and token */
	uint32_t burst; /* at once */
};

struct config_state {
	char *directory; /* the worker's own */
};

struct config_health {
	enum config_check type;
	uint16_t port;
	char *path;	       /* http; NULL otherwise */
	char *host;	       /* http: the Host header; NULL: the backend's address */
	uint16_t expect_first; /* http: range of statuses that are a success */
	uint16_t expect_last;
	uint32_t interval_ms;
	uint32_t timeout_ms; /* at most interval_ms */
	uint32_t rise;
	uint32_t fall;
};

/* The first question is asked within this time, or within an interval if that is shorter. */
#define CONFIG_FIRST_CHECK_MS 1000

static inline uint32_t config_first_check_ms(const struct config_health *check)
{
	return check->interval_ms < CONFIG_FIRST_CHECK_MS ? check->interval_ms
							  : CONFIG_FIRST_CHECK_MS;
}

/* By when the first answer is in, or has failed to come. */
static inline uint32_t config_first_result_ms(const struct config_health *check)
{
	return config_first_check_ms(check) + check->timeout_ms;
}

struct config_backend {
	char name[CONFIG_NAME_MAX]; /* unique in its pool; the address if not given */
	struct address address;	    /* unique in its pool */
	uint16_t weight;	    /* 0 to CONFIG_WEIGHT_MAX */
};

struct config_pool {
	char name[CONFIG_NAME_MAX];
	struct config_health check;
	struct config_backend *backends; /* owned */
	size_t n_backends;
};

struct config_service {
	char name[CONFIG_NAME_MAX];
	struct address vip;
	uint8_t protocol; /* IPPROTO_TCP or IPPROTO_UDP */
	uint16_t port;	  /* 0: any; (vip, protocol, port) is unique */
	size_t pool;	  /* index into pools */
	enum algorithm algorithm;
	uint8_t source_bits;	/* source-hash: 1 to 32 or 128; else the full length */
	enum forward forward;	/* l2: all backends of the VIP's family */
	enum tracking tracking; /* all for the round-robin algorithms */
	enum when_empty when_empty;
	uint32_t drain_ms;     /* at most 4 h: the flow table's clock wraps at 4.9 h */
	uint32_t udp_grace_ms; /* at most drain_ms */
	enum service_mode mode;
};

struct config {
	struct config_capacity capacity;
	struct config_api api;
	char *hash_key_file;
	enum config_source source;
	struct config_state state;
	struct prefix outer4; /* of the outer header's source address */
	struct prefix outer6;
	struct config_interface *interfaces; /* owned, and so below */
	size_t n_interfaces;
	struct config_pool *pools;
	size_t n_pools;
	struct config_service *services;
	size_t n_services;
};

void config_free(struct config *config);
void config_freep(struct config **config);
#define _cleanup_config_ _cleanup_(config_freep)

/* The index, or -1. */
int config_find_pool(const struct config *config, const char *name);
int config_find_service(const struct config *config, const char *name);
int config_find_backend(const struct config_pool *pool, const char *name);

/*
 * Exchanges what is fixed at the start: the keys whose change takes effect only when the daemon is
 * started anew. What comes of it has to be checked as a whole again.
 */
void config_swap_fixed(struct config *a, struct config *b);

/* The words of abi.h's and this header's lists; "?" outside. For reader, writer, API, metrics. */
const char *config_algorithm_word(enum algorithm algorithm);
const char *config_forward_word(enum forward forward);
const char *config_tracking_word(enum tracking tracking);
const char *config_when_empty_word(enum when_empty when_empty);
const char *config_service_mode_word(enum service_mode mode);
const char *config_check_word(enum config_check check);
const char *config_attach_word(enum config_attach attach);
const char *config_mode_word(enum config_mode mode);
const char *config_source_word(enum config_source source);
const char *config_role_word(enum sluice_role role);

#endif
