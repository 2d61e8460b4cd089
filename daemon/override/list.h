/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * list.h - the operator's words on backends: which are in force, and until when. Pure.
 *
 * A word is about one subject: whether a backend gets flows (drain, disabled), or its weight. Each has
 * an author and an end of its own, so that `drain --for 1h` doesn't end a weight that was set for good.
 * A backend is (pool, address), as in engine/overlay.h.
 *
 * Words on a backend that is not in the configuration are kept: it may be taken out for an hour, and
 * must not come back with traffic while somebody works on it. A word without an end is forgotten
 * OVERRIDE_KEEP_MS after its backend has left (counted anew at each start), so that the list doesn't
 * grow for ever.
 */
#ifndef SLUICE_OVERRIDE_LIST_H
#define SLUICE_OVERRIDE_LIST_H

#include "base/address.h"
#include "state/record.h"

#define OVERRIDE_MAX	 65536 /* words */
#define OVERRIDE_KEEP_MS (7ull * 86400 * 1000)

/* X(NAME, word). Words stand in the database: they are never changed. */
#define OVERRIDE_SUBJECTS(X)                                                                       \
	X(ADMIN, "admin")                                                                          \
	X(WEIGHT, "weight")

#define X(name, word) OVERRIDE_##name,
enum override_subject { OVERRIDE_SUBJECTS(X) OVERRIDE_SUBJECT_COUNT };
#undef X
const char *override_subject_word(enum override_subject subject);

/* What stands in override.backend: "10.0.0.11 admin". */
void override_key(const struct address *address, enum override_subject subject,
		  char ret_key[CONFIG_NAME_MAX]);
/* False: it is none, but another version's. */
bool override_read_key(const char *key, struct address *ret_address,
		       enum override_subject *ret_subject);

struct override_entry {
	struct override word;
	uint64_t left_ms; /* when its backend was first missing; 0: it is in the configuration */
	bool taken_back;  /* not in force: the store may still have it */
};

/* Zeroed is empty. Sorted by pool and key. */
struct override_list {
	struct override_entry *list; /* owned */
	size_t count, room;
};

void override_list_deinit(struct override_list *list);

/* NULL: none. Valid until the list changes. */
struct override_entry *override_list_find(const struct override_list *list, const char *pool,
					  const char *key);
/* In the place of one with its pool and key. */
struct override_entry *override_list_put(struct override_list *list, const struct override *word);
void override_list_drop(struct override_list *list, struct override_entry *entry);

/* When the entry ends; UINT64_MAX: never, as things are. */
uint64_t override_end_ms(const struct override_entry *entry);
/* The first end of all. */
uint64_t override_list_next_ms(const struct override_list *list);

/* The same for the maps and for whoever reads it. */
bool override_equal(const struct override *a, const struct override *b);

#endif
