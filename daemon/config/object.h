/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * object.h - an object while it is being read: its memory, the node that it comes from, and its way
 * from the top of the file, so that a check can say where and what.
 *
 * Lives on the stack of the reader or of a check, and borrows everything.
 */
#ifndef SLUICE_CONFIG_OBJECT_H
#define SLUICE_CONFIG_OBJECT_H

#include "config/node.h"
#include "config/schema.h"

struct reader {
	struct config *config;
	struct scope scope;
	struct complaints complaints;
};

struct object {
	struct reader *reader;
	const struct object *parent; /* NULL: the file */
	const char *label;	     /* key in the parent; NULL: an item of a list */
	size_t index;		     /* of an item */
	struct position at;
	struct node *node;	     /* NULL: not in the file */
	const struct schema *schema; /* NULL: a map or list, whose members are the objects */
	void *data;
};

/* What a field of objects holds: the one object, or the map or list. */
struct object object_child(const struct object *parent, const struct field *field);
/* The i-th of what object_child() gave for a map or list. */
struct object object_element(const struct object *several, const struct field *field, size_t i);

/* Fills the object's memory from its node, by its schema. */
void object_read(struct object *object);

/* Is the key in the file? */
bool object_has(const struct object *object, const char *key);
/* Can a check rely on the key's value: is it there, or has it a default, and nothing is wrong? */
bool object_is_sound(const struct object *object, const char *key);

/* "path.to.object.key: ..." at the key's value if the file has it, else at the object. The key is
 * not sound any more. */
void object_complain(const struct object *object, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* "path.to.object: ..." at `at`. */
void object_complain_at(const struct object *object, struct position at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
