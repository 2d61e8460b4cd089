// SPDX-License-Identifier: GPL-2.0-or-later
#include "override/list.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 16

static const char *const subject_words[] = {
#define X(name, word) word,
	OVERRIDE_SUBJECTS(X)
#undef X
};

const char *override_subject_word(enum override_subject subject)
{
	return subject < OVERRIDE_SUBJECT_COUNT ? subject_words[subject] : "?";
}

/* ---- keys ------------------------------------------------------------------------------------------ */

_Static_assert(ADDRESS_TEXT_MAX + sizeof("weight") <= CONFIG_NAME_MAX, "a key has room");

void override_key(const struct address *address, enum override_subject subject,
		  char ret_key[CONFIG_NAME_MAX])
{
	char text[ADDRESS_TEXT_MAX];

	snprintf(ret_key, CONFIG_NAME_MAX, "%s %s", address_format(address, text),
		 override_subject_word(subject));
}

bool override_read_key(const char *key, struct address *ret_address,
		       enum override_subject *ret_subject)
{
	const char *space = strchr(key, ' ');
	char text[CONFIG_NAME_MAX];

	if (!space)
		return false;
	snprintf(text, sizeof(text), "%.*s", (int)(space - key), key);
	for (int subject = 0; subject < OVERRIDE_SUBJECT_COUNT; subject++)
		if (!strcmp(space + 1, subject_words[subject]) &&
		    address_parse(text, ret_address)) {
			*ret_subject = subject;
			return true;
		}
	return false;
}

/* ---- the list -------------------------------------------------------------------------------------- */

void override_list_deinit(struct override_list *list)
{
	free(list->list);
	memset(list, 0, sizeof(*list));
}

/* The first place whose entry doesn't stand before these. */
static size_t place_of(const struct override_list *list, const char *pool, const char *key)
{
	size_t low = 0, high = list->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct override *word = &list->list[middle].word;
		int order = strcmp(word->pool, pool);

		if (!order)
			order = strcmp(word->backend, key);
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct override_list *list, size_t place, const char *pool, const char *key)
{
	return place < list->count && !strcmp(list->list[place].word.pool, pool) &&
	       !strcmp(list->list[place].word.backend, key);
}

struct override_entry *override_list_find(const struct override_list *list, const char *pool,
					  const char *key)
{
	size_t place = place_of(list, pool, key);

	return is_at(list, place, pool, key) ? &list->list[place] : NULL;
}

struct override_entry *override_list_put(struct override_list *list, const struct override *word)
{
	size_t place = place_of(list, word->pool, word->backend);

	if (!is_at(list, place, word->pool, word->backend)) {
		if (list->count == list->room) {
			list->room = list->room ? 2 * list->room : FIRST_ROOM;
			list->list = sl_realloc_array(list->list, list->room, sizeof(*list->list));
		}
		memmove(&list->list[place + 1], &list->list[place],
			(list->count - place) * sizeof(*list->list));
		list->count++;
	}
	list->list[place] = (struct override_entry){.word = *word};
	return &list->list[place];
}

void override_list_drop(struct override_list *list, struct override_entry *entry)
{
	size_t place = entry - list->list;

	list->count--;
	memmove(entry, entry + 1, (list->count - place) * sizeof(*entry));
}

/* ---- ends ------------------------------------------------------------------------------------------ */

uint64_t override_end_ms(const struct override_entry *entry)
{
	if (entry->taken_back)
		return UINT64_MAX;
	if (entry->word.until_ms)
		return entry->word.until_ms;
	return entry->left_ms ? entry->left_ms + OVERRIDE_KEEP_MS : UINT64_MAX;
}

uint64_t override_list_next_ms(const struct override_list *list)
{
	uint64_t next_ms = UINT64_MAX;

	for (size_t i = 0; i < list->count; i++)
		if (override_end_ms(&list->list[i]) < next_ms)
			next_ms = override_end_ms(&list->list[i]);
	return next_ms;
}

bool override_equal(const struct override *a, const struct override *b)
{
	return !strcmp(a->admin, b->admin) && a->weight == b->weight &&
	       !strcmp(a->author, b->author) && !strcmp(a->reason, b->reason) &&
	       a->since_ms == b->since_ms && a->until_ms == b->until_ms;
}
