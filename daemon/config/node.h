/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * node.h - a text as a tree of nodes with positions; knows YAML and nothing of sluice.
 *
 * A thin layer over libyaml's events, so that no other file depends on libyaml. It refuses all that
 * makes YAML surprising: other encodings than UTF-8, a byte order mark, directives, several
 * documents, anchors, aliases, tags, merge keys, duplicate keys, keys that are not scalars, NUL
 * characters, and texts nested or branched beyond any real configuration.
 */
#ifndef SLUICE_CONFIG_NODE_H
#define SLUICE_CONFIG_NODE_H

#include "config/complaint.h"

#define NODE_DEPTH_MAX 16
#define NODE_COUNT_MAX (1u << 20)

enum node_kind { NODE_SCALAR, NODE_MAPPING, NODE_SEQUENCE };

struct node {
	enum node_kind kind;
	struct position at;
	char *text;	    /* owned; scalars: UTF-8 without NUL characters */
	struct node *child; /* owned; of a mapping: key, value, key, value, ... */
	size_t n_children;
	bool quoted; /* of a scalar */
	bool bad;    /* complained of; whoever meets it need not do so again */
};

/* False after complaints that leave no tree to go on with; *ret_root is empty then. */
bool node_parse(const char *text, size_t size, struct node *ret_root, struct complaints *complaints);
void node_deinit(struct node *node);

/* Nothing, `~` or `null` (not quoted). */
bool node_is_null(const struct node *node);
/* The value of a mapping's key, or NULL. */
struct node *node_get(const struct node *mapping, const char *key);

#endif
