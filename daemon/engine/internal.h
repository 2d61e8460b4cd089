/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * internal.h - the engine's own state, for its files alone.
 */
#ifndef SLUICE_ENGINE_INTERNAL_H
#define SLUICE_ENGINE_INTERNAL_H

#include "engine/engine.h"
#include "engine/grace.h"
#include "engine/hops.h"
#include "engine/overlay.h"

#include <event2/util.h>

struct event;

/* What a grace period under way will release: copies of the holds when it began. */
struct reclaim {
	struct grace *grace; /* owned */
	uint8_t *services;   /* owned, and so below */
	uint8_t *backends;
	uint8_t *chunks;
	bool egress[EGRESS_MAX];
	bool stale; /* something was undone meanwhile: release nothing, begin anew */
};

/* The walk over the flow table. */
struct walk {
	struct scan scan;
	struct event *timer;	    /* owned */
	uint8_t *covered;	    /* owned: backends that the walk may find unnamed */
	struct scan_counts *counts; /* owned: of the last whole walk */
	uint64_t records;	    /* of the last whole walk */
	uint64_t completed;
};

/* What is counted over the whole world for those who look; made anew when the world has changed. */
struct view_member {
	uint32_t service;
	uint32_t forward;
	struct address address;
	uint16_t id;
};

struct view {
	uint64_t of;		     /* the value of `applied` that it was made from */
	struct view_member *members; /* owned, sorted: the backends that aren't free */
	size_t n_members;
	uint32_t *current; /* owned, by backend id: slots that name it; and so below */
	uint32_t *origin;
};

/* The addresses whose next hops are wanted. */
struct watch {
	struct address *addresses; /* owned, sorted: what the listener was told last */
	size_t count;
	bool stale; /* entries came or went since */
};

struct engine {
	struct dataplane *dataplane; /* borrowed */
	struct engine_listener listener;

	struct config *config; /* owned; NULL before the first commit */
	struct overlay overlay;
	struct hops hops;
	struct world world;
	uint64_t generation;
	uint64_t committed_at;
	uint64_t applied; /* counts changes of the world */
	struct watch watch;
	struct view view;

	unsigned failed_rebuilds; /* in a row, DOUBLINGS at most */
	struct event *patience;	  /* owned: the first result that is due next */
	struct event *rebuild;	  /* owned: a merged commit of what health and net said */
	struct reclaim reclaim;
	struct walk walk;
};

/* carry.c: one step, to the maps and then to the world. */
int engine_carry_out(struct engine *engine, const struct step *step, struct sl_errors *errors);
/* Carries a plan out, or undoes it. */
int engine_apply(struct engine *engine, const struct plan *plan, struct sl_errors *errors);

/* rebuild.c: converges to the current configuration a moment later. */
void rebuild_soon(struct engine *engine);
/* Rebuilds when first results that are due have failed to come. */
void patience_begin(struct engine *engine);
void patience_on_end(evutil_socket_t fd, short what, void *context);
/* A timer's callback; the context is the engine. */
void engine_on_rebuild(evutil_socket_t fd, short what, void *context);

/* engine.c: what is known of a backend by name, or NULL with an error. */
struct overlay_backend *engine_overlay(const struct engine *engine, const char *pool,
				       const char *backend, struct sl_errors *errors);
/* Plans and applies the current configuration with what is known by now. */
int engine_refresh(struct engine *engine, struct sl_errors *errors);

/* view.c: the id of a backend in a service, found in the world by its VIP; -1: it has none. */
int view_find_backend(const struct engine *engine, const struct config_service *service,
		      const struct address *address);
void view_deinit(struct view *view);

/* watch.c: tells the listener, and forgets the next hops of others, if that changed. */
void watch_update(struct engine *engine);
void watch_deinit(struct watch *watch);

/* reclaim.c */
int reclaim_init(struct engine *engine, struct event_base *base, struct sl_errors *errors);
void reclaim_deinit(struct engine *engine);
void reclaim_begin(struct engine *engine);
/* At the start: waits a grace period, and releases all. */
void reclaim_all(struct engine *engine);

/* walk.c */
int walk_init(struct engine *engine, struct event_base *base, struct sl_errors *errors);
void walk_deinit(struct engine *engine);
/* At the start: lifts the holds of backends that no record names. Retires nothing. */
void walk_adopt(struct engine *engine);

#endif
