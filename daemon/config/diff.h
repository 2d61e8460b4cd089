/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * diff.h - what two configs differ in, in the operator's words.
 */
#ifndef SLUICE_CONFIG_DIFF_H
#define SLUICE_CONFIG_DIFF_H

#include "config/config.h"

enum config_change_kind { CONFIG_ADDED, CONFIG_REMOVED, CONFIG_CHANGED };

struct config_change {
	enum config_change_kind kind;
	char *path;   /* owned: "services.web.algorithm", "pools.web.backends.web3" */
	char *before; /* owned; NULL when added */
	char *after;  /* owned; NULL when removed */
	bool restart; /* only takes effect when the daemon is started anew */
};

struct config_changes {
	struct config_change *list; /* owned, ordered by section and name */
	size_t count;
};

/* a may be NULL: everything is added. Objects are matched by name. */
void config_diff(const struct config *a, const struct config *b,
		 struct config_changes *ret_changes);
void config_changes_deinit(struct config_changes *changes);

#endif
