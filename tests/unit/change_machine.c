/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of a change, without a disk and without maps: every sequence of a few requests, with every
 * way in which its steps may fail or be cut off by a crash, and what the next start makes of it.
 *
 * Store and maps are models of a few lines. Choices are enumerated: choose() gives the next outcome,
 * and a run is repeated until all have been given.
 */
#include "change/machine.h"
#include "change/start.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

enum { TEXTS = 64, DEPTH = 256, FIRST = 1, CONFIRM_MS = 1000, STEPS_MAX = 400 };

/* ---- choices ------------------------------------------------------------------------------------- */

static unsigned taken[DEPTH], limits[DEPTH], depth, used;

static unsigned choose(unsigned count)
{
	cr_assert_lt(used, DEPTH);
	if (used == depth) {
		taken[depth] = 0;
		limits[depth++] = count;
	}
	cr_assert_eq(limits[used], count, "the run isn't the same again");
	return taken[used++];
}

/* False: all have been. */
static bool next_run(void)
{
	while (depth && taken[depth - 1] + 1 == limits[depth - 1])
		depth--;
	if (!depth)
		return false;
	taken[depth - 1]++;
	used = 0;
	return true;
}

/* ---- the world ------------------------------------------------------------------------------------ */

struct world {
	bool store_is_truth;
	enum generation_state state[TEXTS]; /* on the disk, by number; from 1 to `last` */
	int text[TEXTS];
	uint64_t last;
	int maps; /* text in force; survives the daemon */
	int file;
	int next_text; /* to be given to a change */
	unsigned faults;

	/* of the daemon that runs */
	struct machine machine;
	uint64_t now_ms;
	int requested, trial, settled;
	bool crashed;
	bool waiting; /* a request isn't answered */
	bool shaken;  /* a step failed since the start */
	enum machine_request request;

	int acknowledged; /* text: must be in force after a crash, unless... */
	bool may[TEXTS];  /* ...one of these is, of which nothing was said or could be known */
};

static uint64_t find(const struct world *world, enum generation_state state)
{
	for (uint64_t i = world->last; i; i--)
		if (world->state[i] == state)
			return i;
	return 0;
}

static void hash_of(int text, char hash[RECORD_HASH_MAX])
{
	snprintf(hash, RECORD_HASH_MAX, "%d", text);
}

static void describe(const struct world *world, uint64_t number, struct generation *to)
{
	to->number = number;
	if (number)
		hash_of(world->text[number], to->hash);
}

static uint64_t find_undone(const struct world *world)
{
	uint64_t number = find(world, GENERATION_UNDONE);

	for (uint64_t i = number + 1; number && i <= world->last; i++)
		if (world->text[i] == world->text[number] &&
		    (world->state[i] == GENERATION_ACTIVE ||
		     world->state[i] == GENERATION_SUPERSEDED))
			return 0;
	return number;
}

/* What the store does, as store.h says. */
static enum store_result move(struct world *world, uint64_t number, enum generation_state from,
			      enum generation_state to)
{
	uint64_t active = find(world, GENERATION_ACTIVE);

	if (number > world->last || world->state[number] != from)
		return STORE_CONFLICT;
	if (to == GENERATION_ACTIVE && active)
		world->state[active] = GENERATION_SUPERSEDED;
	world->state[number] = to;
	return STORE_OK;
}

static enum store_result begin(struct world *world, int text, uint64_t least)
{
	if (find(world, GENERATION_PENDING) || find(world, GENERATION_UNCONFIRMED))
		return STORE_CONFLICT;
	world->last = least > world->last + 1 ? least : world->last + 1;
	cr_assert_lt(world->last, TEXTS);
	world->state[world->last] = GENERATION_PENDING;
	world->text[world->last] = text;
	return STORE_OK;
}

static enum store_result do_stored(struct world *world, const struct machine_step *step)
{
	switch (step->action) {
	case MACHINE_DO_BEGIN: return begin(world, world->requested, 0);
	case MACHINE_DO_RECORD: return begin(world, world->settled, step->number);
	case MACHINE_DO_FINISH:
		return move(world, step->number, GENERATION_PENDING,
			    step->trial ? GENERATION_UNCONFIRMED : GENERATION_ACTIVE);
	case MACHINE_DO_FAIL:
		return move(world, step->number, GENERATION_PENDING, GENERATION_FAILED);
	case MACHINE_DO_CONFIRM:
		return move(world, step->number, GENERATION_UNCONFIRMED, GENERATION_ACTIVE);
	case MACHINE_DO_UNDO:
		return move(world, step->number, GENERATION_UNCONFIRMED, GENERATION_UNDONE);
	default: return STORE_OK;
	}
}

/* ---- steps that go well or don't ------------------------------------------------------------------ */

enum outcome { GOOD, CRASH_BEFORE, CRASH_AFTER, UNDONE, LOST_ANSWER, OUTCOMES };

static enum outcome outcome(struct world *world, unsigned count)
{
	enum outcome found = world->faults ? choose(count) : GOOD;

	world->faults -= found != GOOD;
	world->shaken |= found != GOOD;
	world->crashed |= found == CRASH_BEFORE || found == CRASH_AFTER;
	return found;
}

static void recall(const struct world *world, struct machine_event *event)
{
	uint64_t active = find(world, GENERATION_ACTIVE), pending = find(world, GENERATION_PENDING);

	event->recall = (struct machine_recall){
		.active = active,
		.pending = pending,
		.unconfirmed = find(world, GENERATION_UNCONFIRMED),
		.same = active && world->text[active] == world->settled,
		.pending_same = pending && world->text[pending] == world->settled,
	};
}

static void by_store(struct world *world, const struct machine_step *step,
		     struct machine_event *event)
{
	enum outcome found = outcome(world, OUTCOMES);

	event->kind = step->action == MACHINE_DO_RECALL ? MACHINE_RECALLED : MACHINE_STORED;
	if (found != CRASH_BEFORE && found != UNDONE)
		event->result = do_stored(world, step);
	event->number = step->number;
	if (step->action == MACHINE_DO_BEGIN || step->action == MACHINE_DO_RECORD)
		event->number = world->last;
	if (step->action == MACHINE_DO_RECALL)
		recall(world, event);
	if (found == UNDONE || found == LOST_ANSWER)
		event->result = STORE_UNKNOWN;
}

static void by_maps(struct world *world, const struct machine_step *step,
		    struct machine_event *event)
{
	int text = step->action == MACHINE_DO_COMMIT ? world->requested : world->settled;
	enum outcome found = outcome(world, UNDONE + 1);

	event->kind = MACHINE_APPLIED;
	event->ok = found != UNDONE;
	if (found == GOOD || found == CRASH_AFTER)
		world->maps = text;
}

static void keep_texts(struct world *world, enum machine_texts texts)
{
	if (texts == MACHINE_TEXTS_SETTLE)
		world->settled = world->requested;
	if (texts == MACHINE_TEXTS_TRY)
		world->trial = world->requested;
	if (texts == MACHINE_TEXTS_CONFIRM)
		world->settled = world->trial;
	if (texts == MACHINE_TEXTS_CONFIRM || texts == MACHINE_TEXTS_UNDO)
		world->trial = 0;
}

/* What the operator is told is what he may rely on. */
static void hear(struct world *world, const struct machine_step *step)
{
	cr_assert(world->waiting, "answered twice");
	world->waiting = false;
	if (step->result != CHANGE_DONE && step->result != CHANGE_UNRECORDED)
		return;
	cr_assert(!world->store_is_truth || step->result == CHANGE_DONE ||
			  world->request == MACHINE_UNDO,
		  "the store is the truth, and doesn't have it");
	/* Only what is confirmed may be in force after a crash. */
	world->may[world->trial] = false;
	if (step->result == CHANGE_UNRECORDED || world->machine.unconfirmed)
		return;
	world->acknowledged = world->settled;
	memset(world->may, 0, sizeof(world->may));
}

/* Until nothing is under way, or the daemon is gone. */
static void run(struct world *world, struct machine_event event)
{
	for (unsigned i = 0; !world->crashed; i++) {
		struct machine_step step;

		cr_assert_lt(i, STEPS_MAX, "it never comes to rest");
		event.now_ms = world->now_ms;
		step = machine_step(&world->machine, &event);
		keep_texts(world, step.texts);
		if (step.answer)
			hear(world, &step);
		memset(&event, 0, sizeof(event));
		if (step.action == MACHINE_DO_COMMIT || step.action == MACHINE_DO_REVERT)
			by_maps(world, &step, &event);
		else if (step.action != MACHINE_NOTHING)
			by_store(world, &step, &event);
		else if (machine_wake(&world->machine) <= world->now_ms)
			event.kind = MACHINE_TIME;
		else
			return;
	}
}

/* ---- the daemon's life ------------------------------------------------------------------------------ */

static void start(struct world *world)
{
	uint64_t active = find(world, GENERATION_ACTIVE);
	struct recall found = {.last_number = world->last};
	struct start_choice choice;
	char hash[RECORD_HASH_MAX];

	describe(world, active, &found.active);
	describe(world, find(world, GENERATION_UNCONFIRMED), &found.unconfirmed);
	describe(world, find_undone(world), &found.undone);
	hash_of(world->file, hash);
	choice = start_choose(world->store_is_truth, true, &found, hash);
	cr_assert(!choice.refused);
	world->crashed = world->waiting = world->shaken = false;
	world->requested = world->trial = 0;
	world->settled = world->maps = choice.stored ? world->text[active] : world->file;
	cr_assert_eq(choice.withheld && !choice.stored, false);
	machine_init(&world->machine, world->store_is_truth, choice.number);
	run(world, (struct machine_event){.kind = MACHINE_TIME});
}

/* Until it has started and the store has heard of it. */
static void start_anew(struct world *world)
{
	do
		start(world);
	while (world->crashed);
}

static void ask(struct world *world, enum machine_request request, bool confirm)
{
	if (!machine_is_idle(&world->machine))
		return;
	if (request == MACHINE_CHANGE) {
		world->requested = world->next_text++;
		/* The operator applies the daemon's file, or another: */
		if (!world->store_is_truth && choose(2))
			world->file = world->requested;
	}
	world->may[world->requested] |= request == MACHINE_CHANGE;
	world->may[world->trial] |= request == MACHINE_CONFIRM && world->trial;
	world->waiting = true;
	world->request = request;
	run(world, (struct machine_event){
			   .kind = MACHINE_ASKED,
			   .request = request,
			   .confirm_ms = confirm ? CONFIRM_MS : 0,
		   });
}

static void let_time_pass(struct world *world)
{
	world->now_ms += CONFIRM_MS + 1;
	run(world, (struct machine_event){.kind = MACHINE_TIME});
}

enum word { CHANGE, TRY, CONFIRM, UNDO, TIME, RECOVER, WORDS };

static void say(struct world *world, enum word word)
{
	switch (word) {
	case CHANGE: ask(world, MACHINE_CHANGE, false); break;
	case TRY: ask(world, MACHINE_CHANGE, true); break;
	case CONFIRM: ask(world, MACHINE_CONFIRM, false); break;
	case UNDO: ask(world, MACHINE_UNDO, false); break;
	case TIME: let_time_pass(world); break;
	default: run(world, (struct machine_event){.kind = MACHINE_RECOVERED}); break;
	}
}

/* ---- what must hold --------------------------------------------------------------------------------- */

static void check_agreement(const struct world *world)
{
	uint64_t active = find(world, GENERATION_ACTIVE),
		 trial = find(world, GENERATION_UNCONFIRMED);

	cr_assert(machine_is_idle(&world->machine));
	cr_assert_not(world->waiting, "a request was never answered");
	cr_assert_not(world->machine.stale, "the store was never brought up to date");
	cr_assert_eq(find(world, GENERATION_PENDING), 0, "something stays pending");
	cr_assert_eq(trial, world->machine.unconfirmed);
	cr_assert_eq(active, world->machine.settled);
	cr_assert_eq(world->text[active], world->settled);
	cr_assert_eq(world->maps, world->text[trial ? trial : active],
		     "the maps hold %d, the store %d", world->maps,
		     world->text[trial ? trial : active]);
	cr_assert_eq(world->machine.in_force, trial ? trial : active);
}

/* After a crash: what was acknowledged is in force where the store is the truth. */
static void check_after_crash(const struct world *world, int trial)
{
	if (trial && !world->may[trial])
		cr_assert_neq(world->maps, trial, "a change came through without confirmation");
	if (world->store_is_truth)
		cr_assert(world->maps == world->acknowledged || world->may[world->maps],
			  "%d is in force, %d was acknowledged", world->maps, world->acknowledged);
}

static void settle_faultless(struct world *world)
{
	world->faults = 0;
	if (world->crashed) {
		int trial = world->trial;

		start_anew(world);
		check_after_crash(world, trial);
	}
	if (!world->shaken)
		return;
	run(world, (struct machine_event){.kind = MACHINE_RECOVERED});
	/* Undoing that the maps refused is tried again. */
	world->now_ms += 10000;
	run(world, (struct machine_event){.kind = MACHINE_TIME});
}

static void live_once(bool store_is_truth, unsigned words, unsigned faults)
{
	struct world world = {
		.store_is_truth = store_is_truth,
		.file = FIRST,
		.next_text = FIRST + 1,
	};

	start(&world);
	world.acknowledged = world.maps;
	world.faults = faults;
	for (unsigned i = 0; i < words; i++) {
		int trial = world.trial;

		say(&world, choose(WORDS));
		if (!world.crashed && !world.shaken)
			check_agreement(&world);
		if (!world.crashed)
			continue;
		trial = world.trial ? world.trial : trial;
		start_anew(&world);
		check_after_crash(&world, trial);
	}
	settle_faultless(&world);
	check_agreement(&world);
}

static unsigned long live_all(bool store_is_truth, unsigned words, unsigned faults)
{
	unsigned long runs = 0;

	depth = used = 0;
	do {
		live_once(store_is_truth, words, faults);
		runs++;
	} while (next_run());
	return runs;
}

Test(change_machine, all_that_may_happen_where_the_store_is_the_truth)
{
	cr_expect_gt(live_all(true, 3, 2), 10000);
}

Test(change_machine, all_that_may_happen_where_the_file_is_the_truth)
{
	cr_expect_gt(live_all(false, 3, 2), 10000);
}

Test(change_machine, long_lives_with_one_fault)
{
	cr_expect_gt(live_all(true, 4, 1), 1000);
	cr_expect_gt(live_all(false, 4, 1), 1000);
}

/* ---- the start ------------------------------------------------------------------------------------- */

static struct recall recalled(const char *active, const char *unconfirmed, const char *undone)
{
	struct recall recall = {.last_number = 9};

	recall.active.number = active ? 7 : 0;
	recall.unconfirmed.number = unconfirmed ? 8 : 0;
	recall.undone.number = undone ? 6 : 0;
	record_set(recall.active.hash, active);
	record_set(recall.unconfirmed.hash, unconfirmed);
	record_set(recall.undone.hash, undone);
	return recall;
}

Test(change_start, which_text_and_which_number)
{
	static const struct {
		bool truth, known;
		const char *active, *unconfirmed, *undone;
		struct start_choice choice;
	} cases[] = {
		{false, true, NULL, NULL, NULL, {.number = 10}},
		{false, true, "f", NULL, NULL, {.number = 7}}, /* the same text keeps its number */
		{false, true, "a", NULL, NULL, {.number = 10}},
		{false, true, "a", "f", NULL, {.stored = true, .number = 7, .withheld = 8}},
		{false, true, "a", NULL, "f", {.stored = true, .number = 7, .withheld = 6}},
		{false, true, "a", "u", NULL, {.number = 10}},	/* the file differs from it */
		{false, true, NULL, "f", NULL, {.number = 10}}, /* nothing to go back to */
		{false, true, "f", "f", NULL, {.number = 7}},
		{false, false, "a", "f", NULL, {.number = 1}}, /* nothing is known */
		{true, true, "a", NULL, NULL, {.stored = true, .number = 7}},
		{true, true, "a", "f", NULL, {.stored = true, .number = 7}},
		{true, true, NULL, NULL, NULL, {.number = 10}}, /* an empty store */
		{true, false, "a", NULL, NULL, {.refused = true, .number = 1}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct recall recall =
			recalled(cases[i].active, cases[i].unconfirmed, cases[i].undone);
		struct start_choice is = start_choose(cases[i].truth, cases[i].known, &recall, "f");

		cr_expect_eq(is.refused, cases[i].choice.refused, "case %zu", i);
		cr_expect_eq(is.stored, cases[i].choice.stored, "case %zu", i);
		cr_expect_eq(is.number, cases[i].choice.number, "case %zu: %lu", i, is.number);
		cr_expect_eq(is.withheld, cases[i].choice.withheld, "case %zu", i);
	}
}
