/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * overlay.h - what is known of each backend of a pool besides the configuration: the operator's word,
 * the weight override, health. Laid out like the configuration that it belongs to. Pure.
 *
 * A backend is (pool, address). Its name is a label: a backend that is renamed keeps all; another
 * address under the same name is another backend, of which nothing is known. Health is an answer to
 * the pool's check, so what another pool holds of the same address counts for nothing.
 *
 * What a pool doesn't know yet is recalled: a backend that packets go to, in a live service that uses
 * this pool from now on, goes on until the pool's own check speaks against it. That is so after a
 * restart, and when a service is given another pool with the same backends. So is what the listener
 * of the engine remembers: overrides, and health where the maps are new.
 */
#ifndef SLUICE_OVERLAY_H
#define SLUICE_OVERLAY_H

#include "config/config.h"
#include "engine/engine.h"

struct overlay_backend {
	enum admin admin;
	int weight; /* -1: the configuration's */
	bool healthy;
	uint64_t first_result_ns; /* by when the first result of its check is due; 0: none is */
};

struct overlay {
	struct overlay_backend **pools; /* owned, [n_pools], each owned, [n_backends of the pool] */
	size_t n_pools;
};

/* Puts what is remembered of the backend into the entry. False: its health is not. */
typedef bool overlay_recall_fn(const void *context, const struct config *config, size_t pool,
			       const struct address *address, struct overlay_backend *entry);

/*
 * The overlay of `config`. What `old` (of `old_config`, both may be NULL) knows of a backend is carried
 * over. One that is new, with a check, and no health that is recalled, is waited for: see first_result_ns.
 */
void overlay_init(struct overlay *overlay, const struct config *config, const struct overlay *old,
		  const struct config *old_config, overlay_recall_fn *recall, const void *context,
		  uint64_t now_ns);
void overlay_deinit(struct overlay *overlay);

/* What a backend is, all folded. */
enum backend_state overlay_state(const struct overlay_backend *overlay,
				 const struct config_backend *backend);
/* Whether it may get new flows as soon as its first result comes, which is still due. */
bool overlay_waits(const struct overlay_backend *overlay, const struct config_backend *backend,
		   uint64_t now_ns);
uint16_t overlay_weight(const struct overlay_backend *overlay,
			const struct config_backend *backend);

#endif
