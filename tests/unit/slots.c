/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One slot under random histories: the daemon's side by slots.c, the packet's side by a model of few
 * lines. No live flow may change its backend; with one of two rules left out, many do.
 */
#include "balance/slots.h"

#include "random.h"

#include <criterion/criterion.h>
#include <string.h>

#define BACKENDS 5
#define STEPS	 5000
#define SEEDS	 60
#define DRAIN	 300
#define GRACE	 60
#define IDLE	 900

struct flow {
	bool live;
	bool udp;
	int backend;
	int seen;
	int record; /* backend, or -1 */
	int record_seen;
};

struct history {
	struct random random;
	__u32 word;
	bool up[BACKENDS];
	int now;
	int moved_at;
	int grace_until;
	bool give_back; /* the two rules that can be left out */
	bool come_back;
	struct flow flows[STEPS];
	int n_flows;
	int broken;
};

static bool usable(const void *context, __u16 backend)
{
	return ((const struct history *)context)->up[backend];
}

static int random_backend(struct history *h, bool up)
{
	int backend;

	do
		backend = random_below(&h->random, BACKENDS);
	while (h->up[backend] != up);
	return backend;
}

static int count_up(const struct history *h)
{
	int n = 0;

	for (int i = 0; i < BACKENDS; i++)
		n += h->up[i];
	return n;
}

/* ---- the daemon ---------------------------------------------------------------------------------- */

static void change(struct history *h, int backend)
{
	bool back = slot_is_moving(h->word) && SLOT_ORIGIN(h->word) == (__u32)backend;
	__u32 word = slot_change(h->word, backend, usable, h);

	if (word == h->word)
		return;
	h->word = back && !h->give_back ? SLOT(backend, backend) : word;
	h->moved_at = h->now;
	h->grace_until = h->now + GRACE;
}

static void scan(struct history *h)
{
	bool differs = false;

	for (int i = 0; i < h->n_flows; i++) {
		struct flow *flow = &h->flows[i];

		if (flow->record >= 0 &&
		    (h->now - flow->record_seen >= IDLE || !h->up[flow->record]))
			flow->record = -1;
		differs |= flow->record >= 0 && flow->record != (int)SLOT_CURRENT(h->word);
	}
	if (slot_is_moving(h->word) &&
	    (h->now - h->moved_at >= DRAIN || !h->up[SLOT_ORIGIN(h->word)]))
		h->word = slot_drained(h->word);
	if (slot_is_tail(h->word) && h->up[SLOT_CURRENT(h->word)] && !differs)
		h->word = slot_settle(h->word);
}

static void fall(struct history *h, int backend)
{
	h->up[backend] = false;
	for (int i = 0; i < h->n_flows; i++)
		if (h->flows[i].backend == backend)
			h->flows[i].live = false;
}

static void rise(struct history *h, int backend)
{
	if (h->come_back)
		h->word = slot_before_up(h->word, backend);
	h->up[backend] = true;
}

/* ---- the packet ---------------------------------------------------------------------------------- */

static int steer(struct history *h, struct flow *flow, bool is_new)
{
	__u16 current = SLOT_CURRENT(h->word), origin = SLOT_ORIGIN(h->word);
	bool older = flow->udp ? h->now < h->grace_until : !is_new;
	int backend;

	if (slot_is_settled(h->word) && h->up[current])
		return current;
	if (flow->record >= 0 && h->up[flow->record]) {
		backend = flow->record;
	} else if (slot_is_moving(h->word) && h->up[origin] && older) {
		backend = origin;
	} else if (h->up[current]) {
		backend = current;
		if (!slot_is_moving(h->word))
			return backend;
	} else {
		for (backend = 0; !h->up[backend]; backend++)
			;
	}
	flow->record = backend;
	flow->record_seen = h->now;
	return backend;
}

static void begin_flow(struct history *h)
{
	struct flow *flow = &h->flows[h->n_flows++];

	*flow = (struct flow){.live = true,
			      .udp = random_below(&h->random, 100) < 40,
			      .seen = h->now,
			      .record = -1};
	flow->backend = steer(h, flow, true);
}

static void continue_flow(struct history *h, bool end)
{
	struct flow *flow;

	if (!h->n_flows)
		return;
	flow = &h->flows[random_below(&h->random, h->n_flows)];
	if (!flow->live)
		return;
	if (end || h->now - flow->seen >= (flow->udp ? GRACE : DRAIN)) {
		flow->live = false;
	} else if (steer(h, flow, false) != flow->backend) {
		h->broken++;
		flow->live = false;
	}
	flow->seen = h->now;
}

static int broken_flows(uint64_t seed, bool give_back, bool come_back)
{
	static const int pauses[] = {0, 1, 1, 2, 5};
	static struct history h;

	h = (struct history){.random = {seed},
			     .word = SLOT(0, 0),
			     .give_back = give_back,
			     .come_back = come_back};
	memset(h.up, true, sizeof(h.up));
	for (int step = 0; step < STEPS; step++) {
		uint32_t x = random_below(&h.random, 1000);

		h.now += pauses[random_below(&h.random, 5)];
		if (step % 3 == 0)
			scan(&h);
		if (x < 10)
			change(&h, random_backend(&h, true));
		else if (x < 20 && count_up(&h) > 2)
			fall(&h, x < 15 || !h.up[SLOT_CURRENT(h.word)] ? random_backend(&h, true)
								       : (int)SLOT_CURRENT(h.word));
		else if (x < 30 && count_up(&h) < BACKENDS)
			rise(&h, random_backend(&h, false));
		else if (x < 60 && !h.up[SLOT_CURRENT(h.word)]) /* the rebuild */
			change(&h, random_backend(&h, true));
		else if (x < 250)
			begin_flow(&h);
		else
			continue_flow(&h, x < 270);
	}
	return h.broken;
}

static int sum_broken(bool give_back, bool come_back)
{
	int broken = 0;

	for (uint64_t seed = 0; seed < SEEDS; seed++)
		broken += broken_flows(seed, give_back, come_back);
	return broken;
}

Test(slots, no_live_flow_changes_its_backend)
{
	cr_assert_eq(sum_broken(true, true), 0);
}

Test(slots, the_history_breaks_flows_without_the_give_back_rule)
{
	cr_assert_gt(sum_broken(false, true), 0);
}

Test(slots, the_history_breaks_flows_without_the_come_back_rule)
{
	cr_assert_gt(sum_broken(true, false), 0);
}

/* ---- each edge of the diagram -------------------------------------------------------------------- */

static bool below_ten(const void *context, __u16 backend)
{
	return backend < 10;
}

Test(slots, change)
{
	static const struct {
		const char *name;
		__u32 before;
		__u16 backend;
		__u32 after;
	} cases[] = {
		{"nothing to change", SLOT(1, 1), 1, SLOT(1, 1)},
		{"first backend", SLOT(SLOT_NONE, SLOT_NONE), 1, SLOT(1, 1)},
		{"settled", SLOT(1, 1), 2, SLOT(2, 1)},
		{"settled, old one dead", SLOT(10, 10), 2, SLOT(2, SLOT_NONE)},
		{"moving", SLOT(2, 1), 3, SLOT(3, 1)},
		{"moving, origin dead", SLOT(2, 10), 3, SLOT(3, SLOT_NONE)},
		{"given back", SLOT(2, 1), 1, SLOT(1, SLOT_NONE)},
		{"tail", SLOT(2, SLOT_NONE), 3, SLOT(3, 2)},
		{"tail, old one dead", SLOT(10, SLOT_NONE), 3, SLOT(3, SLOT_NONE)},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_expect_eq(slot_change(cases[i].before, cases[i].backend, below_ten, NULL),
			     cases[i].after, "%s", cases[i].name);
}

Test(slots, other_edges)
{
	cr_expect_eq(slot_before_up(SLOT(1, 1), 1), SLOT(1, SLOT_NONE));
	cr_expect_eq(slot_before_up(SLOT(1, 1), 2), SLOT(1, 1));
	cr_expect_eq(slot_before_up(SLOT(1, 2), 1), SLOT(1, 2));
	cr_expect_eq(slot_drained(SLOT(1, 2)), SLOT(1, SLOT_NONE));
	cr_expect_eq(slot_drained(SLOT(1, 1)), SLOT(1, 1));
	cr_expect_eq(slot_settle(SLOT(1, SLOT_NONE)), SLOT(1, 1));
	cr_expect_eq(slot_settle(SLOT(1, 2)), SLOT(1, 2));
	cr_expect_eq(slot_settle(SLOT(SLOT_NONE, SLOT_NONE)), SLOT(SLOT_NONE, SLOT_NONE));
}
