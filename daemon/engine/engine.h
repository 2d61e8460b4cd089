/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine.h - the verb: the one way from a desired state to maps that hold it.
 *
 * engine_commit(): validate -> plan -> apply -> swap, or nothing at all. Configuration, health,
 * overrides and next hops all end in the same commit: the engine folds them into a target
 * (plan.h), plans against its world, and applies step by step; on a failure it undoes what was done,
 * in reverse, and the old state stays, down to the byte. Should a step of the way back fail as well,
 * the error says so, the maps hold the beginning of the plan, which is sound, and rebuilds are tried
 * until the old state stands again.
 *
 * It also walks the flow table, lifts holds after grace periods (waited for in a thread of its own),
 * and lets drained slots settle. One thread: all calls come from the loop.
 */
#ifndef SLUICE_ENGINE_H
#define SLUICE_ENGINE_H

#include "balance/plan.h"
#include "config/config.h"
#include "config/diff.h"
#include "dataplane/dataplane.h"

struct event_base;
struct engine;

/* X(name, word): the operator's word on a backend; beats health. */
#define ENGINE_ADMINS(X)                                                                           \
	X(READY, "ready")                                                                          \
	X(DRAIN, "drain")	/* keeps its flows, gets no new ones */                            \
	X(DISABLED, "disabled") /* left at once */

#define X(name, word) ADMIN_##name,
enum admin { ENGINE_ADMINS(X) ADMIN_COUNT };
#undef X
const char *engine_admin_word(enum admin admin);

/*
 * What is remembered of a backend, from before a restart or from before it left the configuration.
 * Its health counts only where the maps don't know the backend, or as one that was disabled.
 */
struct engine_memory {
	enum admin admin;
	int weight; /* -1: the configuration's */
	enum { MEMORY_UNKNOWN, MEMORY_UP, MEMORY_DOWN } health;
};

/* News from the engine, and a question; none may call it back to change anything. */
struct engine_listener {
	/* After each commit of a new configuration, with that configuration. */
	void (*committed)(void *context, const struct config *config);
	/*
	 * Whose next hops are wanted by now: of all backends that the configuration or the maps name.
	 * So a backend that lingers goes on being followed until nothing names it. Sorted, no
	 * duplicates, borrowed. What engine_set_next_hop() said of others is forgotten.
	 */
	void (*watch)(void *context, const struct address *addresses, size_t count);
	/* Asked for each backend that a configuration brings, before any packet sees it. NULL: nothing is
	 * remembered. *ret_memory says "nothing" before. */
	void (*remember)(void *context, const char *pool, const struct address *address,
			 struct engine_memory *ret_memory);
	void *context;
};

/*
 * Borrows the data plane; copies the listener. The world is read from the former: state from before a restart
 * goes on.
 */
int engine_new(struct event_base *base, struct dataplane *dataplane,
	       const struct engine_listener *listener, struct engine **ret_engine,
	       struct sl_errors *errors);
void engine_free(struct engine *engine);

/*
 * Makes it the configuration in force, as the generation of that number, which is the caller's to give.
 * Takes `desired` on success only. -errno with errors, and then nothing has changed.
 */
int engine_commit(struct engine *engine, struct config *desired, uint64_t generation,
		  struct sl_errors *errors);
/* What is in force is known by another number from now on. */
void engine_renumber(struct engine *engine, uint64_t generation);

/* What a commit would do, without doing it. */
struct engine_preview {
	struct config_changes changes;
	struct plan plan;
	bool restart; /* some change takes effect only then */
};
int engine_preview(const struct engine *engine, const struct config *desired,
		   struct engine_preview *ret_preview, struct sl_errors *errors);
void engine_preview_deinit(struct engine_preview *preview);

/* Overrides; they hold until changed, or forgotten: see engine_memory. -ENOENT with an error if
 * unknown. */
int engine_set_admin(struct engine *engine, const char *pool, const char *backend, enum admin admin,
		     struct sl_errors *errors);
/* weight -1: the configuration's. */
int engine_set_weight(struct engine *engine, const char *pool, const char *backend, int weight,
		      struct sl_errors *errors);

/* What the engine holds for true: without a check, or from before a restart, too. */
bool engine_healthy(const struct engine *engine, const char *pool, const char *backend);

/* News from below. Merged: a dead backend is left at once, the rebuild follows 50 ms later. */
void engine_set_health(struct engine *engine, const char *pool, const char *backend, bool up);
/* Fields as in net.h; resolved false: the packet path asks the kernel. */
void engine_set_next_hop(struct engine *engine, const struct address *address, bool resolved,
			 uint32_t ifindex, const uint8_t mac[6], const uint8_t source_mac[6],
			 uint16_t mtu);

/* ---- seeing --------------------------------------------------------------------------------------- */

const struct config *engine_config(const struct engine *engine); /* NULL before the first commit */
const struct world *engine_world(const struct engine *engine);
struct dataplane *engine_dataplane(const struct engine *engine);
uint64_t engine_generation(const struct engine *engine);   /* 0 before the first commit */
uint64_t engine_committed_at(const struct engine *engine); /* CLOCK_REALTIME, seconds */

/* One backend in one service. */
struct engine_backend {
	int id;			  /* -1: no entry */
	enum backend_state state; /* as in the map */
	enum admin admin;
	bool healthy;	 /* as health says; true without a check */
	bool resolved;	 /* the next hop */
	uint16_t weight; /* effective: 0 when it gets no new flows */
	uint16_t configured_weight;
	uint32_t slots;		  /* that name it as current */
	uint32_t slots_moving;	  /* that name it as origin */
	struct scan_counts flows; /* records, as of the last whole scan */
	bool flows_exact;	  /* every flow has a record; else only those of moved slots */
};
void engine_backend(const struct engine *engine, size_t service, size_t backend,
		    struct engine_backend *ret_backend);

/* One service. */
struct engine_service {
	uint32_t id; /* SERVICE_NONE before it is committed */
	uint32_t slots;
	uint32_t settled, moving, tail;
	uint32_t usable; /* backends that get new flows */
};
void engine_service(const struct engine *engine, size_t service,
		    struct engine_service *ret_service);

/* The flow table, as of the last whole scan. */
struct engine_flows {
	uint64_t capacity; /* flows, as in the configuration */
	uint64_t records;
	uint64_t scans; /* whole ones so far */
};
void engine_flows(const struct engine *engine, struct engine_flows *ret_flows);

#endif
