/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * schema.h - the language of the file as tables.
 *
 * One table a kind of object, one row a key. Reading (unknown and missing keys, defaults, limits),
 * writing, comparing and the reference in docs/configuration.md all walk the same tables: a key is
 * added by a row in schema.c and a member in config.h.
 */
#ifndef SLUICE_CONFIG_SCHEMA_H
#define SLUICE_CONFIG_SCHEMA_H

#include "config/config.h"
#include "config/type.h"

struct object;

enum field_holds {
	FIELD_VALUE,  /* one value, of `type` */
	FIELD_OBJECT, /* one object, within its owner's memory */
	FIELD_MAP,    /* objects by name, in an array of their own */
	FIELD_LIST,   /* objects in order, in an array of their own */
};

struct field {
	const char *key;
	enum field_holds holds;
	const struct type *type;     /* of a value */
	const struct schema *object; /* of an object, or of each of several */
	const char *help;
	const char *example; /* of a value */

	/* where it is kept in the object's memory */
	size_t offset;
	size_t size;
	size_t second; /* offset of a type's other half; of a map or list: of its count (size_t) */

	/* what it may be */
	const char *noun; /* "a port" */
	uint64_t min;
	uint64_t max;
	const struct words *words;

	/* when it is absent; neither: it is required */
	const char *initial;   /* the value, as it would be written */
	const char *otherwise; /* what happens, where that depends on others */

	/* if it has a meaning only in some objects of its kind */
	const char *depends; /* the key that decides */
	bool (*applies)(const void *object);
	const char *only; /* "for `type: http`" */

	bool restart; /* a change takes effect when the daemon is started anew */
};

struct schema {
	size_t size; /* of an object */
	const struct field *fields;
	size_t n_fields;
	const struct field *key; /* of maps and lists: the name, first in memory */
	void (*check)(struct object *object); /* once its fields are read; see check.h */
};

/* The whole file; its object is a struct config. */
extern const struct schema schema_file;

static inline bool field_applies(const struct field *field, const void *object)
{
	return !field->applies || field->applies(object);
}

static inline void *field_at(const struct field *field, const void *object)
{
	return (char *)object + field->offset;
}

/* The array and count of a map or list. */
static inline char *field_elements(const struct field *field, const void *object)
{
	return *(char **)field_at(field, object);
}

static inline size_t field_count(const struct field *field, const void *object)
{
	return *(const size_t *)((const char *)object + field->second);
}

/* The row of a key, or NULL. */
const struct field *schema_find(const struct schema *schema, const char *key);

#endif
