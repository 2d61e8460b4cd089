// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kill -9 at random moments of random work, over and over on one database: what was acknowledged is
 * there, and nothing is there by half.
 */
#include "state/store.h"

#include "base/memory.h"
#include "random.h"
#include "state/events.h"
#include "stored.h"

#include <criterion/criterion.h>
#include <event2/event.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define KILLS	     200
#define LIFE_MOST_US 15000

/* What the child was told is done, sent as soon as it was told. */
struct done {
	enum { DONE_GENERATION, DONE_OVERRIDE, DONE_EVENT, DONE_HEALTH } what;
	uint64_t number; /* of the generation; of the event; else a count that only grows */
	enum generation_state state;
};

/* ---- the child ------------------------------------------------------------------------------------ */

struct child {
	struct random random;
	struct store *store;
	struct events *events;
	uint64_t number;
	enum generation_state next; /* the state that was asked for */
	uint64_t count;		    /* of what was put */
	uint64_t event_id;
	int acks;
};

static void acknowledge(struct child *child, struct done done)
{
	if (write(child->acks, &done, sizeof(done)) != sizeof(done))
		_exit(1);
}

static void change(struct child *child);
static void work(struct child *child);

static void on_change(void *context, struct store_answer *answer)
{
	struct child *child = context;

	if (answer->result != STORE_OK)
		_exit(2);
	child->number = answer->number;
	acknowledge(child, (struct done){DONE_GENERATION, answer->number, child->next});
	change(child);
}

static struct event_record note(struct child *child, enum event_kind kind, const char *text)
{
	struct event_record event = {.kind = kind, .generation = child->number};

	record_set(event.text, text);
	events_note(child->events, &event);
	return event;
}

static int begin(struct child *child)
{
	char text[6000];
	struct generation generation = stored_generation(text);
	size_t size = random_below(&child->random, sizeof(text));

	memset(text, 'x', size);
	text[size] = '\0';
	child->next = GENERATION_PENDING;
	return store_begin(child->store, &generation, NULL, on_change, child, NULL);
}

static int settle_pending(struct child *child)
{
	struct event_record event;

	switch (random_below(&child->random, 3)) {
	case 0:
		child->next = GENERATION_ACTIVE;
		event = note(child, EVENT_COMMIT, "active");
		return store_finish(child->store, child->number, 0, &event, on_change, child, NULL);
	case 1:
		child->next = GENERATION_UNCONFIRMED;
		event = note(child, EVENT_COMMIT, "tried");
		return store_finish(child->store, child->number, 5, &event, on_change, child, NULL);
	default:
		child->next = GENERATION_FAILED;
		event = note(child, EVENT_COMMIT_FAILED, "failed");
		return store_fail(child->store, child->number, "no", &event, on_change, child,
				  NULL);
	}
}

static int settle_unconfirmed(struct child *child)
{
	struct event_record event;

	if (random_one_in(&child->random, 2)) {
		child->next = GENERATION_UNDONE;
		event = note(child, EVENT_UNDO, "undone");
		return store_undo(child->store, child->number, "no", &event, on_change, child,
				  NULL);
	}
	child->next = GENERATION_ACTIVE;
	event = note(child, EVENT_CONFIRM, "active");
	return store_confirm(child->store, child->number, &event, on_change, child, NULL);
}

/* One change of generations after the other. */
static void change(struct child *child)
{
	int err;

	if (child->next == GENERATION_PENDING)
		err = settle_pending(child);
	else if (child->next == GENERATION_UNCONFIRMED)
		err = settle_unconfirmed(child);
	else
		err = begin(child);
	if (err)
		_exit(3);
}

static void on_event(void *context, struct store_answer *answer)
{
	struct child *child = context;

	acknowledge(child, (struct done){DONE_EVENT, child->event_id, 0});
	work(child);
}

static void on_override(void *context, struct store_answer *answer)
{
	struct child *child = context;

	acknowledge(child, (struct done){DONE_OVERRIDE, child->count, 0});
	work(child);
}

static void on_question(void *context, struct store_answer *answer)
{
	work(context);
}

/* Beside it, one other thing after the other, and events that nobody waits for. */
static void work(struct child *child)
{
	struct override override = {.pool = "web", .backend = "b1", .weight = (int)++child->count};
	struct last_health health = {.pool = "web", .backend = "b1", .since_ms = child->count};
	struct event_record event = {.kind = EVENT_LIMIT};

	store_note_health(child->store, &health);
	events_append(child->events, &event);
	switch (random_below(&child->random, 3)) {
	case 0: store_put_override(child->store, &override, NULL, on_override, child, NULL); break;
	case 1:
		event = note(child, EVENT_OTHER, "other");
		child->event_id = event.id;
		store_put_events(child->store, &event, 1, on_event, child, NULL);
		break;
	default: store_list(child->store, 0, 5, on_question, child, NULL);
	}
}

/* A start settles what the end before it left, as the daemon does. */
static void begin_work(struct child *child, const struct recall *recall)
{
	child->next = GENERATION_ACTIVE;
	if (recall->pending.number) {
		child->number = recall->pending.number;
		child->next = GENERATION_PENDING;
	} else if (recall->unconfirmed.number) {
		child->number = recall->unconfirmed.number;
		child->next = GENERATION_UNCONFIRMED;
	}
	child->count = recall->n_overrides ? recall->overrides[0].weight : 0;
	change(child);
	work(child);
}

static _Noreturn void run_child(const char *dir, int acks, uint64_t seed)
{
	struct store_options options = STORE_OPTIONS(dir);
	struct event_base *base = event_base_new();
	struct child child = {.random = {.state = seed}, .acks = acks};
	struct store_answer recall;

	options.limits.generations = 20;
	options.limits.events = 100;
	options.limits.slice = 25;
	if (store_new(base, &options, &child.store, &recall, NULL) || recall.result)
		_exit(4);
	child.events = events_new(base, child.store, recall.recall.last_event);
	begin_work(&child, &recall.recall);
	event_base_dispatch(base);
	_exit(5);
}

/* ---- the parent ----------------------------------------------------------------------------------- */

static int rank(enum generation_state state)
{
	return state == GENERATION_PENDING ? 0 : state == GENERATION_UNCONFIRMED ? 1 : 2;
}

static void check_generation(const char *dir, const struct done *done)
{
	_cleanup_free_ char *sql = sl_printf("SELECT coalesce((SELECT state FROM generation WHERE"
					     " number = %lu), 'pruned')",
					     done->number);
	_cleanup_free_ char *word = stored_text(dir, sql);
	enum generation_state state = generation_state_find(word);

	if (!strcmp(word, "pruned")) {
		cr_assert_gt(stored_number(dir, "SELECT max(number) FROM generation"),
			     (long)done->number + 5);
		return;
	}
	if (rank(done->state) < 2)
		cr_assert_geq(rank(state), rank(done->state), "generation %lu is %s", done->number,
			      word);
	else
		cr_assert(state == done->state || (done->state == GENERATION_ACTIVE &&
						   state == GENERATION_SUPERSEDED),
			  "generation %lu: told %s, found %s", done->number,
			  generation_state_word(done->state), word);
}

static void check_done(const char *dir, const struct done *done)
{
	_cleanup_free_ char *sql = NULL;

	switch (done->what) {
	case DONE_GENERATION: check_generation(dir, done); break;
	case DONE_OVERRIDE:
		cr_assert_geq(stored_number(dir, "SELECT weight FROM override"),
			      (long)done->number);
		break;
	default:
		sql = sl_printf("SELECT count(*) FROM event WHERE id = %lu OR %lu <"
				" (SELECT min(id) FROM event)",
				done->number, done->number);
		cr_assert_geq(stored_number(dir, sql), 1, "event %lu", done->number);
	}
}

static size_t check_all(const char *dir, int acks)
{
	static struct done all[20000];
	ssize_t size = 0, more;
	size_t count;

	while ((more = read(acks, (char *)all + size, sizeof(all) - size)) > 0)
		size += more;
	count = size / sizeof(*all);
	for (size_t i = 0; i < count; i++)
		check_done(dir, &all[i]);
	return count;
}

/* The active generation's own event may have been pruned with its time; so it is kept apart. */
static void check_rules(const char *dir)
{
	_cleanup_free_ char *integrity = stored_text(dir, "PRAGMA integrity_check");

	cr_assert_str_eq(integrity, "ok");
	cr_assert_leq(stored_number(dir, "SELECT count(*) FROM generation WHERE state = 'active'"),
		      1);
	cr_assert_leq(stored_number(dir, "SELECT count(*) FROM generation"
					 " WHERE state IN ('pending', 'unconfirmed')"),
		      1);
	cr_assert_eq(stored_number(dir, "SELECT count(*) FROM event e JOIN generation g"
					" ON g.number = e.generation WHERE text = 'active'"
					" AND state NOT IN ('active', 'superseded')"),
		     0);
	cr_assert_eq(stored_number(dir, "SELECT count(*) FROM generation WHERE state = 'active'"
					" AND ended_ms > (SELECT min(time_ms) FROM event) + 1000"
					" AND number NOT IN (SELECT generation FROM event"
					" WHERE text = 'active')"),
		     0);
}

static bool database_exists(const char *dir)
{
	_cleanup_free_ char *path = sl_printf("%s/state.db", dir);

	return !access(path, F_OK) &&
	       stored_number(dir, "SELECT count(*) FROM sqlite_schema WHERE name = 'event'");
}

static size_t live_and_die(const char *dir, struct random *random)
{
	int acks[2], status;
	size_t count = 0;
	pid_t pid;

	cr_assert_eq(pipe2(acks, O_CLOEXEC), 0);
	fcntl(acks[0], F_SETPIPE_SZ, 1 << 20);
	pid = fork();
	if (!pid)
		run_child(dir, acks[1], random_next(random));
	random_next(random);
	close(acks[1]);
	/* In one life of four the beginning is what is hit; in the others, work that has begun. */
	if (!random_one_in(random, 4))
		poll(&(struct pollfd){.fd = acks[0], .events = POLLIN}, 1, -1);
	usleep(random_below(random, LIFE_MOST_US));
	kill(pid, SIGKILL);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "the child ended with %d",
		  WEXITSTATUS(status));
	if (database_exists(dir)) {
		stored_look(dir);
		count = check_all(dir, acks[0]);
		check_rules(dir);
		stored_look_away();
	}
	close(acks[0]);
	return count;
}

Test(store_kill, two_hundred_times)
{
	struct random random = {.state = 1};
	char *dir = stored_directory();
	size_t acknowledged = 0;

	for (int i = 0; i < KILLS; i++)
		acknowledged += live_and_die(dir, &random);
	cr_expect_gt(acknowledged, KILLS);
	cr_log_warn("%zu acknowledgements, %ld generations", acknowledged,
		    stored_number(dir, "SELECT max(number) FROM generation"));
	stored_remove(dir);
}
