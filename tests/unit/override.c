/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The operator's word over restarts, reboots and bad disks: real engine and store, maps of memory.
 */
#include "engine_site.h"

#include "faulty_vfs.h"
#include "override/override.h"
#include "state/events.h"
#include "state/store.h"
#include "stored.h"
#include "worker/last_health.h"

#include <sqlite3.h>

static char *dir;
static struct site site;
static struct store *store;
static struct events *events;
static struct overrides *overrides;
static const struct recall *recalled; /* while the first commit is made */

/* ---- a daemon -------------------------------------------------------------------------------------- */

static void remember(void *context, const char *pool, const struct address *address,
		     struct engine_memory *ret_memory)
{
	overrides_remember(overrides, pool, address, ret_memory);
	if (recalled)
		ret_memory->health = last_health_find(recalled, pool, address);
}

static void begin(const char *text)
{
	const struct engine_listener listener = {.committed = on_committed,
						 .watch = on_watch,
						 .remember = remember,
						 .context = &site};
	struct store_options options = STORE_OPTIONS(dir);
	struct override_options borrowed;
	struct store_answer recall;

	options.retry_min_ms = 10;
	options.retry_max_ms = 20;
	cr_assert_eq(store_new(site.base, &options, &store, &recall, NULL), 0);
	events = events_new(site.base, store, recall.recall.last_event);
	cr_assert_eq(engine_new(site.base, site.dataplane, &listener, &site.engine, NULL), 0);
	borrowed = (struct override_options){site.engine, store, events};
	overrides = overrides_new(site.base, &borrowed, &recall);
	if (last_health_is_fresh(&recall.recall, record_now_ms()))
		recalled = &recall.recall;
	commit(&site, text);
	recalled = NULL;
	overrides_follow(overrides, engine_config(site.engine));
	store_answer_deinit(&recall);
}

static void end(void)
{
	overrides_close(overrides);
	store_free(store);
	overrides_free(overrides);
	events_free(events);
	engine_free(site.engine);
	site.engine = NULL;
}

static void restart(const char *text)
{
	end();
	begin(text);
}

/* The maps are gone. */
static void reboot(const char *text)
{
	struct event_base *base = site.base;

	end();
	dataplane_close(site.dataplane);
	event_base_free(base);
	site = open_site();
	begin(text);
}

static void set_up(void)
{
	faulty_install();
	dir = stored_directory();
	site = open_site();
	begin(two);
}

static void tear_down(void)
{
	end();
	close_site(&site);
	stored_remove(dir);
}

TestSuite(override, .init = set_up, .fini = tear_down, .timeout = 60);

/* ---- asking ---------------------------------------------------------------------------------------- */

static int result; /* -1: not answered yet */

static void on_answer(void *context, struct override_answer *answer)
{
	result = answer->result;
}

static int ask(struct override_request request)
{
	result = -1;
	record_set(request.author, "uid:7 ann");
	overrides_submit(overrides, &request, on_answer, NULL);
	while (result < 0)
		event_base_loop(site.base, EVLOOP_ONCE);
	return result;
}

static int set_admin(const char *name, enum admin admin, uint64_t for_ms)
{
	struct override_request request = {
		.pool = "web", .has_admin = true, .admin = admin, .for_ms = for_ms};

	record_set(request.backend, name);
	return ask(request);
}

static int set_weight(const char *name, int weight, uint64_t for_ms)
{
	struct override_request request = {
		.pool = "web", .has_weight = true, .weight = weight, .for_ms = for_ms};

	record_set(request.backend, name);
	return ask(request);
}

static long stored(const char *table, const char *where)
{
	_cleanup_free_ char *sql = sl_printf("SELECT count(*) FROM %s WHERE %s", table, where);

	return stored_number(dir, sql);
}

/* ---- restarts -------------------------------------------------------------------------------------- */

Test(override, a_drained_backend_is_drained_from_the_first_commit_on)
{
	cr_expect_eq(set_admin("a", ADMIN_DRAIN, 0), OVERRIDE_DONE);
	cr_expect_eq(backend(&site, 0, 0).state, BACKEND_DRAINING);
	restart(two);
	cr_expect_eq(backend(&site, 0, 0).admin, ADMIN_DRAIN);
	cr_expect_eq(backend(&site, 0, 0).weight, 0);
	reboot(two);
	cr_expect_eq(backend(&site, 0, 0).state, BACKEND_DRAINING);
	cr_expect_eq(backend(&site, 0, 0).slots, 0, "it never had one");
	cr_expect_gt(backend(&site, 0, 1).slots, 0);
	cr_expect_eq(set_admin("a", ADMIN_READY, 0), OVERRIDE_DONE);
	reboot(two);
	cr_expect_eq(backend(&site, 0, 0).state, BACKEND_UP);
}

Test(override, drain_and_weight_end_by_themselves)
{
	cr_expect_eq(set_weight("a", 7, 0), OVERRIDE_DONE);
	cr_expect_eq(set_admin("a", ADMIN_DISABLED, 3600000), OVERRIDE_DONE);
	restart(two);
	cr_expect_eq(backend(&site, 0, 0).state, BACKEND_DOWN);
	cr_expect_eq(set_admin("a", ADMIN_READY, 0), OVERRIDE_DONE);
	cr_expect_eq(backend(&site, 0, 0).weight, 7);
	restart(two);
	cr_expect_eq(backend(&site, 0, 0).weight, 7);
	cr_expect_eq(set_weight("a", -1, 0), OVERRIDE_DONE);
	restart(two);
	cr_expect_eq(backend(&site, 0, 0).weight, 100);
	end();
	cr_expect_eq(stored("override", "1"), 0);
	cr_expect_eq(stored("event", "kind = 'override' AND actor = 'uid:7 ann'"), 4);
	begin(two);
}

Test(override, a_backend_is_its_address_and_not_its_name)
{
	static const char renamed[] =
		"pools: {web: {backends: [{name: z, address: 10.0.0.1},"
		" {name: a, address: 10.0.0.2}]}}\n"
		"services: {web: {vip: 192.0.2.1, protocol: tcp, port: 80, pool: web}}\n";

	set_admin("a", ADMIN_DRAIN, 0);
	restart(renamed);
	cr_expect_eq(backend(&site, 0, 0).admin, ADMIN_DRAIN, "z was a");
	cr_expect_eq(backend(&site, 0, 1).admin, ADMIN_READY, "another one is called a");
}

Test(override, words_wait_for_a_backend_that_is_gone)
{
	static const char one[] =
		"pools: {web: {backends: [{name: b, address: 10.0.0.2}]}}\n"
		"services: {web: {vip: 192.0.2.1, protocol: tcp, port: 80, pool: web}}\n";

	set_admin("a", ADMIN_DRAIN, 0);
	commit(&site, one);
	overrides_follow(overrides, engine_config(site.engine));
	commit(&site, two);
	cr_expect_eq(backend(&site, 0, 0).admin, ADMIN_DRAIN);
	restart(one);
	restart(two);
	cr_expect_eq(backend(&site, 0, 0).admin, ADMIN_DRAIN);
	cr_expect_eq(set_admin("c", ADMIN_DRAIN, 0), OVERRIDE_NOT_FOUND);
}

/* ---- ends ------------------------------------------------------------------------------------------ */

Test(override, ends_by_itself_once)
{
	set_admin("a", ADMIN_DRAIN, 100);
	while (backend(&site, 0, 0).admin != ADMIN_READY)
		event_base_loop(site.base, EVLOOP_ONCE);
	end();
	cr_expect_eq(stored("override", "1"), 0);
	cr_expect_eq(stored("event", "kind = 'override_expired' AND object = 'web/a'"), 1);
	begin(two);
}

Test(override, what_ended_while_no_daemon_ran_is_over_at_once)
{
	struct override word = {.pool = "web",
				.backend = "10.0.0.1 admin",
				.admin = "drain",
				.weight = -1,
				.author = "uid:7 ann",
				.since_ms = 1,
				.until_ms = 2};

	cr_assert_eq(store_put_override(store, &word, NULL, NULL, NULL, NULL), 0);
	reboot(two);
	cr_expect_eq(backend(&site, 0, 0).state, BACKEND_UP);
	cr_expect_gt(backend(&site, 0, 0).slots, 0);
	run_loop(&site, 50);
	end();
	cr_expect_eq(stored("override", "1"), 0);
	cr_expect_eq(stored("event", "kind = 'override_expired'"), 1);
	begin(two);
}

Test(override_list, ends_are_the_first_of_all)
{
	struct override word = {.pool = "web", .backend = "10.0.0.1 admin", .admin = "drain"};
	struct override_list list = {0};
	struct override_entry *entry = override_list_put(&list, &word);

	cr_expect_eq(override_list_next_ms(&list), UINT64_MAX);
	entry->left_ms = 1000;
	cr_expect_eq(override_list_next_ms(&list), 1000 + OVERRIDE_KEEP_MS);
	entry->word.until_ms = 5000;
	cr_expect_eq(override_list_next_ms(&list), 5000, "its own end comes first");
	record_set(word.backend, "10.0.0.1 weight");
	word.until_ms = 4000;
	override_list_put(&list, &word);
	cr_expect_eq(list.count, 2);
	cr_expect_eq(override_list_next_ms(&list), 4000);
	override_list_drop(&list, override_list_find(&list, "web", "10.0.0.1 weight"));
	cr_expect_eq(override_list_next_ms(&list), 5000);
	cr_expect_null(override_list_find(&list, "web", "10.0.0.1 weight"));
	override_list_deinit(&list);
}

Test(override_list, keys_are_read_as_written)
{
	static const char *const texts[] = {"10.0.0.1", "2001:db8::1", "::"};
	static const char *const others[] = {
		"", "a", "10.0.0.1", "10.0.0.1 colour", "a admin", "10.0.0.1  admin"};
	enum override_subject subject;
	struct address address, read;
	char key[CONFIG_NAME_MAX];

	for (size_t i = 0; i < sl_count(texts); i++)
		for (int of = 0; of < OVERRIDE_SUBJECT_COUNT; of++) {
			cr_assert(address_parse(texts[i], &address));
			override_key(&address, of, key);
			cr_assert(override_read_key(key, &read, &subject), "%s", key);
			cr_expect(address_equal(&address, &read) && (int)subject == of, "%s", key);
		}
	for (size_t i = 0; i < sl_count(others); i++)
		cr_expect_not(override_read_key(others[i], &read, &subject), "%s", others[i]);
}

/* ---- bad disks ------------------------------------------------------------------------------------- */

static void wait_degraded(bool wanted)
{
	struct store_status status;

	for (store_status(store, &status); status.degraded != wanted; store_status(store, &status))
		event_base_loop(site.base, EVLOOP_ONCE);
	run_loop(&site, 50);
}

/* In force all the time; the store gets what holds at last, and no event is missing. */
Test(override, a_bad_disk_is_brought_up_to_date)
{
	set_admin("a", ADMIN_DRAIN, 0);
	faulty_fail_at(1, SQLITE_FULL, true);
	cr_expect_eq(set_weight("b", 9, 0), OVERRIDE_UNRECORDED);
	cr_expect_eq(backend(&site, 0, 1).weight, 9);
	wait_degraded(true);
	cr_expect_eq(set_admin("a", ADMIN_READY, 0), OVERRIDE_UNRECORDED);
	cr_expect_eq(set_admin("b", ADMIN_DISABLED, 0), OVERRIDE_UNRECORDED);
	cr_expect_eq(set_admin("b", ADMIN_READY, 0), OVERRIDE_UNRECORDED);
	cr_expect_eq(set_weight("a", 8, 0), OVERRIDE_UNRECORDED);
	faulty_heal();
	wait_degraded(false);
	end();
	cr_expect_eq(stored("override", "1"), 2);
	cr_expect_eq(stored("override", "backend = '10.0.0.2 weight' AND weight = 9"), 1);
	cr_expect_eq(stored("override", "backend = '10.0.0.1 weight' AND weight = 8"), 1);
	cr_expect_eq(stored("event", "kind = 'override'"), 6);
	begin(two);
	cr_expect_eq(backend(&site, 0, 0).admin, ADMIN_READY);
	cr_expect_eq(backend(&site, 0, 0).weight, 8);
	cr_expect_eq(backend(&site, 0, 1).weight, 9);
}

/* ---- health ---------------------------------------------------------------------------------------- */

static void note(const char *address, bool up, uint64_t sign_ms)
{
	struct last_health sign = last_health_sign(sign_ms), health;
	struct address of;

	cr_assert(address_parse(address, &of));
	health = last_health_of("web", &of, up, "test", 1);
	store_note_health(store, &health);
	store_note_health(store, &sign);
}

Test(override, a_reboot_begins_with_health_as_last_known)
{
	note("10.0.0.1", true, record_now_ms());
	note("10.0.0.2", false, record_now_ms());
	reboot(checked);
	cr_expect_eq(backend(&site, 0, 0).state, BACKEND_UP);
	cr_expect_gt(backend(&site, 0, 0).slots, 0, "it waits for none");
	cr_expect_eq(backend(&site, 0, 1).state, BACKEND_DOWN);
	cr_expect_eq(backend(&site, 0, 1).slots, 0);
}

Test(override, health_that_is_old_counts_for_nothing)
{
	note("10.0.0.1", true, record_now_ms() - LAST_HEALTH_AGE_MS - 1000);
	reboot(checked);
	cr_expect_eq(backend(&site, 0, 0).state, BACKEND_DOWN);
	note("10.0.0.1", true, record_now_ms() + 3600000);
	reboot(checked);
	cr_expect_eq(backend(&site, 0, 0).state, BACKEND_DOWN, "of a clock that went wrong");
}

Test(override, maps_that_are_there_win)
{
	note("10.0.0.1", false, record_now_ms());
	restart(checked);
	cr_expect_eq(backend(&site, 0, 0).state, BACKEND_UP);
}
