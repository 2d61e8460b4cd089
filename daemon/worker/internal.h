/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * internal.h - the worker's own state, for its files alone.
 */
#ifndef SLUICE_WORKER_INTERNAL_H
#define SLUICE_WORKER_INTERNAL_H

#include "engine/engine.h"
#include "health/health.h"
#include "net/net.h"
#include "state/answer.h"

#include <event2/util.h>

struct event;

struct worker {
	const char *config_path;
	struct event_base *base;
	struct loader *loader;
	struct dataplane *dataplane;
	struct engine *engine;
	struct net *net;
	struct health *health;
	struct store *store;
	struct events *events;
	struct overrides *overrides;
	struct change *change;
	struct api *api;
	struct lag *lag;
	const struct recall *recall; /* borrowed: what the start remembers; NULL after it */
	char *state_dir;	     /* owned */
	struct config_interface
		*interfaces; /* owned: the loader's list; a change of it is a restart */
	struct event *signals[3];
	struct event *loader_gone;
	struct event *sign; /* of life, for the store */
};

/* news.c: what modules tell and ask, passed on. */
int news_load_program(void *context, const struct program_config *config, struct sl_errors *errors);
void news_committed(void *context, const struct config *config);
void news_watch(void *context, const struct address *addresses, size_t count);
void news_remember(void *context, const char *pool, const struct address *address,
		   struct engine_memory *ret_memory);
void news_next_hop(void *context, const struct address *address, const struct net_hop *hop);
void news_health(void *context, const char *pool, const char *backend, bool up, const char *why);
enum check_state news_recall_health(void *context, const char *pool, const char *backend);
/* A timer's callback: the daemon lives, which the store is to know. */
void news_sign(evutil_socket_t fd, short what, void *context);
/* An event of the daemon's own. `object` NULL: the whole daemon. */
void news_tell(struct worker *worker, enum event_kind kind, const char *object, const char *text);

#endif
