/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * overlay.h - what is known of each (pool, backend) besides the configuration: the operator's word,
 * the weight override, health. Laid out like the configuration that it belongs to. Pure.
 */
#ifndef SLUICE_OVERLAY_H
#define SLUICE_OVERLAY_H

#include "config/config.h"
#include "engine/engine.h"

struct overlay_backend {
	enum admin admin;
	int weight; /* -1: the configuration's */
	bool healthy;
};

struct overlay {
	struct overlay_backend **pools; /* owned, [n_pools], each owned, [n_backends of the pool] */
	size_t n_pools;
};

/* Whether a backend of a checked pool, new to the overlay, counts as healthy until its first probe. */
typedef bool overlay_recall_fn(const void *context, const struct address *address);

/*
 * The overlay of `config`. What `old` (of `old_config`, both may be NULL) knows of a backend with
 * the same pool, name and address is carried over.
 */
void overlay_init(struct overlay *overlay, const struct config *config, const struct overlay *old,
		  const struct config *old_config, overlay_recall_fn *recall, const void *context);
void overlay_deinit(struct overlay *overlay);

/* What a backend is, all folded. */
enum backend_state overlay_state(const struct overlay_backend *overlay,
				 const struct config_backend *backend);
uint16_t overlay_weight(const struct overlay_backend *overlay,
			const struct config_backend *backend);

#endif
