// SPDX-License-Identifier: GPL-2.0-or-later
#include "state/record.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define X(name, word) word,
static const char *const state_words[] = {GENERATION_STATES(X)};
static const char *const kind_words[] = {EVENT_KINDS(X)};
#undef X

_Static_assert(EVENT_KIND_COUNT < 32, "a set of kinds is 32 bits");

static size_t find(const char *const *words, size_t count, const char *word)
{
	size_t i = 0;

	while (i < count && strcmp(words[i], word) != 0)
		i++;
	return i;
}

const char *generation_state_word(enum generation_state state)
{
	return state < GENERATION_STATE_COUNT ? state_words[state] : "?";
}

enum generation_state generation_state_find(const char *word)
{
	return find(state_words, sl_count(state_words), word);
}

const char *event_kind_word(enum event_kind kind)
{
	return kind < EVENT_KIND_COUNT ? kind_words[kind] : "?";
}

enum event_kind event_kind_find(const char *word)
{
	return find(kind_words, sl_count(kind_words), word);
}

bool event_matches(const struct event_query *query, const struct event_record *event)
{
	return event->id > query->after_id && event->time_ms >= query->since_ms &&
	       (!query->kinds || query->kinds & 1u << event->kind);
}

void generation_deinit(struct generation *generation)
{
	free(generation->config);
	memset(generation, 0, sizeof(*generation));
}

static bool continues(char byte)
{
	return (byte & 0xc0) == 0x80;
}

void record_text(char *to, size_t size, const char *from)
{
	size_t length;

	if (!from)
		from = "";
	length = strnlen(from, size);
	if (length == size)
		for (length = size - 1; length && continues(from[length]);)
			length--;
	memmove(to, from, length);
	memset(to + length, 0, size - length);
}

uint64_t record_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}
