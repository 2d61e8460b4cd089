// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The store's pure parts: records, and the health that waits to be written.
 */
#include "state/health_batch.h"

#include "base/memory.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- records -------------------------------------------------------------------------------------- */

Test(store_records, texts_are_cut_at_a_character)
{
	char text[6];

	memset(text, 'x', sizeof(text));
	record_set(text, "abc");
	cr_expect_eq(memcmp(text, "abc\0\0\0", 6), 0);
	record_set(text, "abcdef");
	cr_expect_str_eq(text, "abcde");
	record_set(text, "abcd\xc3\xa4"); /* ends behind the room */
	cr_expect_str_eq(text, "abcd");
	record_set(text, "ab\xe2\x82\xac");
	cr_expect_str_eq(text, "ab\xe2\x82\xac");
	record_set(text, NULL);
	cr_expect_str_empty(text);
}

Test(store_records, words_lead_back)
{
	for (int i = 0; i < EVENT_KIND_COUNT; i++)
		cr_expect_eq((int)event_kind_find(event_kind_word(i)), i);
	for (int i = 0; i < GENERATION_STATE_COUNT; i++)
		cr_expect_eq((int)generation_state_find(generation_state_word(i)), i);
	cr_expect_eq(event_kind_find("nothing"), EVENT_KIND_COUNT);
	cr_expect_eq(generation_state_find("Active"), GENERATION_STATE_COUNT);
}

/* ---- health --------------------------------------------------------------------------------------- */

static void add_health(struct health_batch *batch, const char *pool, const char *backend, int since)
{
	struct last_health health = {.since_ms = since};

	record_set(health.pool, pool);
	record_set(health.backend, backend);
	health_batch_add(batch, &health);
}

Test(store_health, the_last_word_on_each_backend_goes)
{
	_cleanup_(health_batch_deinit) struct health_batch batch = {0};
	_cleanup_free_ struct last_health *list = NULL, *again = NULL;
	size_t count, count_again;

	cr_expect_null(health_batch_take(&batch, &count));
	for (int i = 0; i < 1000; i++)
		add_health(&batch, i % 2 ? "a" : "b", i % 3 ? "x" : "y", i);
	list = health_batch_take(&batch, &count);
	cr_assert_eq(count, 4);
	for (size_t i = 0; i < count; i++)
		cr_expect_geq(list[i].since_ms, 994);
	add_health(&batch, "a", "x", 2000);
	health_batch_return(&batch, list, count);
	again = health_batch_take(&batch, &count_again);
	cr_assert_eq(count_again, 4);
	cr_expect_eq(again[0].since_ms, 2000);
	cr_expect_str_eq(again[0].pool, "a");
	cr_expect_str_eq(again[0].backend, "x");
}

Test(store_health, is_bounded_by_backends_and_counts_what_is_lost)
{
	_cleanup_(health_batch_deinit) struct health_batch batch = {0};
	char name[16];

	for (int i = 0; i < 3 * HEALTH_BATCH_MAX; i++) {
		snprintf(name, sizeof(name), "b%d", i % 100);
		add_health(&batch, "web", name, i);
	}
	cr_expect_eq(batch.lost, 0);
	cr_expect_leq(batch.room, 256);
	for (int i = 0; i < HEALTH_BATCH_MAX + 5; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		add_health(&batch, "web", name, i);
	}
	cr_expect_eq(batch.lost, 105);
	cr_expect_eq(batch.count, HEALTH_BATCH_MAX);
}
