/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "balance/maglev.h"

#include "balance/mix.h"
#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define NOBODY		  0xffffffffu
#define SLOTS_PER_BACKEND 100

/* One backend with a weight, on its way to its share. */
struct contender {
	const struct maglev_backend *backend;
	__u64 hash;
	__u32 left;	/* slots it shall still get */
	__u32 next;	/* in the list of those due at the same time */
	__u32 position; /* maglev: in its permutation */
	__u32 skip;
	__u32 round; /* maglev: of its next turn, and what the division left over */
	__u32 rest;
};

/* ---- shares -------------------------------------------------------------------------------------- */

struct remainder {
	__u64 value;
	__u32 index;
};

static int compare_remainders(const void *a, const void *b)
{
	const struct remainder *x = a, *y = b;

	if (x->value != y->value)
		return x->value > y->value ? -1 : 1;
	return x->index < y->index ? -1 : 1;
}

void maglev_shares(const struct maglev_backend *backends, size_t count, __u32 slots,
		   __u32 *ret_shares)
{
	_cleanup_free_ struct remainder *remainders = sl_calloc(count, sizeof(*remainders));
	__u64 sum = 0;
	__u32 left = slots;

	for (size_t i = 0; i < count; i++)
		sum += backends[i].weight;
	assert(sum);
	for (size_t i = 0; i < count; i++) {
		__u64 share = (__u64)slots * backends[i].weight;

		ret_shares[i] = share / sum;
		remainders[i] = (struct remainder){share % sum, i};
		left -= ret_shares[i];
	}
	qsort(remainders, count, sizeof(*remainders), compare_remainders);
	for (__u32 i = 0; i < left; i++)
		ret_shares[remainders[i].index]++;
}

/* By hash, so that a remainder's slot goes to no address range in particular. */
static int compare_contenders(const void *a, const void *b)
{
	const struct contender *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return memcmp(x->backend->address.word_be, y->backend->address.word_be,
		      sizeof(x->backend->address.word_be));
}

/* Those with a weight, in an order that the caller's doesn't influence, with their shares. */
static struct contender *contenders_new(const struct maglev_backend *backends, size_t count,
					__u32 slots, __u32 *ret_count)
{
	struct contender *list = sl_calloc(count, sizeof(*list));
	_cleanup_free_ struct maglev_backend *sorted = sl_calloc(count, sizeof(*sorted));
	_cleanup_free_ __u32 *shares = sl_calloc(count, sizeof(*shares));
	__u32 n = 0;

	for (size_t i = 0; i < count; i++)
		if (backends[i].weight)
			list[n++] = (struct contender){
				.backend = &backends[i],
				.hash = mix_address(0, &backends[i].address),
			};
	qsort(list, n, sizeof(*list), compare_contenders);
	for (__u32 i = 0; i < n; i++)
		sorted[i] = *list[i].backend;
	maglev_shares(sorted, n, slots, shares);
	for (__u32 i = 0; i < n; i++)
		list[i].left = shares[i];
	*ret_count = n;
	return list;
}

/* Lists of those due at each time 0 to n - 1. */
static __u32 *calendar_new(size_t n)
{
	__u32 *due = sl_calloc(n, sizeof(*due));

	memset(due, 0xff, n * sizeof(*due));
	return due;
}

static void calendar_add(__u32 *due, __u32 when, struct contender *list, __u32 i)
{
	list[i].next = due[when];
	due[when] = i;
}

/* ---- maglev -------------------------------------------------------------------------------------- */

/*
 * A backend's turn number k is in round (k + 1/2) * heaviest / weight: the heaviest has one turn a
 * round, the others accordingly fewer. Two backends' order within a round comes from these two alone,
 * so a third that leaves doesn't change it, and few slots move.
 */
static void advance_round(struct contender *contender, __u32 numerator)
{
	__u32 denominator = 2 * contender->backend->weight;

	contender->round += numerator / denominator;
	contender->rest += numerator % denominator;
	if (contender->rest >= denominator) {
		contender->rest -= denominator;
		contender->round++;
	}
}

/* `taken` beside the table: at 65536 slots it stays in the first-level cache. */
static void take_slot(struct contender *contender, __u64 *taken, __u32 mask, __u16 *table)
{
	__u32 position = contender->position;

	while (taken[position / 64] >> position % 64 & 1)
		position = (position + contender->skip) & mask;
	taken[position / 64] |= 1ull << position % 64;
	table[position] = contender->backend->id;
	contender->position = (position + contender->skip) & mask;
	contender->left--;
}

static __u32 heaviest(const struct contender *list, __u32 n)
{
	__u32 weight = 0;

	for (__u32 i = 0; i < n; i++)
		if (list[i].backend->weight > weight)
			weight = list[i].backend->weight;
	return weight;
}

void maglev_fill(const struct maglev_backend *backends, size_t count, __u32 slots, __u16 *ret_table)
{
	__u32 n, weight, mask = slots - 1;
	_cleanup_free_ struct contender *list = contenders_new(backends, count, slots, &n);
	_cleanup_free_ __u64 *taken = sl_calloc(slots / 64 + 1, sizeof(*taken));
	_cleanup_free_ __u32 *due = NULL;
	size_t rounds;

	assert(slots && !(slots & mask));
	weight = heaviest(list, n);
	/* A share is at most slots * weight / sum + 1. */
	rounds = (size_t)slots + weight + 1;
	due = calendar_new(rounds);
	for (__u32 i = n; i-- > 0;) {
		list[i].position = list[i].hash & mask;
		list[i].skip = list[i].hash >> 32 | 1;
		advance_round(&list[i], weight);
		if (list[i].left)
			calendar_add(due, list[i].round, list, i);
	}
	for (size_t round = 0; round < rounds; round++)
		for (__u32 i = due[round], next; i != NOBODY; i = next) {
			next = list[i].next;
			take_slot(&list[i], taken, mask, ret_table);
			advance_round(&list[i], 2 * weight);
			if (list[i].left)
				calendar_add(due, list[i].round, list, i);
		}
}

/* ---- turns --------------------------------------------------------------------------------------- */

/* A heap of { deadline:32, contender:32 }, the earliest on top. */
struct heap {
	__u64 *key; /* owned */
	__u32 count;
};

static void heap_push(struct heap *heap, __u64 key)
{
	__u32 i = heap->count++;

	for (; i && heap->key[(i - 1) / 2] > key; i = (i - 1) / 2)
		heap->key[i] = heap->key[(i - 1) / 2];
	heap->key[i] = key;
}

static __u64 heap_pop(struct heap *heap)
{
	__u64 top = heap->key[0], last = heap->key[--heap->count];
	__u32 i = 0;

	for (__u32 child; (child = 2 * i + 1) < heap->count; i = child) {
		if (child + 1 < heap->count && heap->key[child + 1] < heap->key[child])
			child++;
		if (heap->key[child] >= last)
			break;
		heap->key[i] = heap->key[child];
	}
	heap->key[i] = last;
	return top;
}

/*
 * The k-th of a backend's `share` turns may stand at floor((k - 1) * slots / share) + 1 at the
 * earliest and must at ceil(k * slots / share); earliest deadline first always meets that (Tijdeman,
 * "The chairman assignment problem", 1980). So no beginning of the table gives a backend a whole turn
 * more or fewer than its share.
 */
void turns_fill(const struct maglev_backend *backends, size_t count, __u32 slots, __u16 *ret_table)
{
	__u32 n;
	_cleanup_free_ struct contender *list = contenders_new(backends, count, slots, &n);
	_cleanup_free_ __u32 *due = calendar_new(slots + 1);
	_cleanup_free_ __u32 *shares = sl_calloc(n, sizeof(*shares));
	_cleanup_free_ __u64 *keys = sl_calloc(n, sizeof(*keys));
	struct heap ready = {.key = keys};

	for (__u32 i = n; i-- > 0;) {
		shares[i] = list[i].left;
		if (list[i].left)
			calendar_add(due, 0, list, i);
	}
	for (__u32 at = 0; at < slots; at++) {
		for (__u32 i = due[at]; i != NOBODY; i = list[i].next) {
			__u64 turn = shares[i] - list[i].left + 1;
			__u64 deadline = (turn * slots + shares[i] - 1) / shares[i];

			heap_push(&ready, deadline << 32 | i);
		}
		__u32 first = (__u32)heap_pop(&ready);
		__u64 taken = shares[first] - --list[first].left;
		__u32 earliest = taken * slots / shares[first];

		ret_table[at] = list[first].backend->id;
		if (list[first].left)
			calendar_add(due, earliest > at ? earliest : at + 1, list, first);
	}
}

__u32 maglev_log2(size_t backends)
{
	__u32 log2 = SLOT_LOG2_MIN;

	while (log2 < SLOT_LOG2_MAX && backends * SLOTS_PER_BACKEND > 1ull << log2)
		log2++;
	return log2;
}
