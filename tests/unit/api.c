/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every resource over a real socket: what it answers, what it changes, and what it refuses.
 */
#include "api/problem.h"
#include "api/route.h"
#include "base/memory.h"
#include "config/diff.h"
#include "config/read.h"
#include "served.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct served served;

static void start(void)
{
	served = served_start(served_config);
}

static void stop(void)
{
	served_stop(&served);
}

TestSuite(api, .init = start, .fini = stop, .timeout = 30);

static json_t *get(const char *path)
{
	json_t *object = served_json(&served, "GET", path, "", 200);

	cr_assert(object);
	cr_assert_str_eq(json_string_value(json_object_get(object, "apiVersion")), "v1");
	return object;
}

static const char *text_at(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));

	return text ? text : "(none)";
}

static json_int_t number_at(const json_t *object, const char *member)
{
	return json_integer_value(json_object_get(object, member));
}

static json_t *item(const json_t *object, const char *list, size_t i)
{
	return json_array_get(json_object_get(object, list), i);
}

/* The first error of a problem object, whose type is that of the status. */
static void expect_problem(const char *method, const char *path, const char *body, int status,
			   const char *where, const char *what)
{
	json_t *problem = served_json(&served, method, path, body, status);

	cr_assert(problem, "%s %s", method, path);
	cr_expect_eq(number_at(problem, "status"), status);
	cr_expect_str_eq(text_at(problem, "type"), problem_type(status));
	cr_expect_str_neq(text_at(problem, "type"), "about:blank");
	cr_expect_str_eq(text_at(item(problem, "errors", 0), "where"), where);
	cr_expect(strstr(text_at(item(problem, "errors", 0), "what"), what), "%s",
		  text_at(item(problem, "errors", 0), "what"));
	json_decref(problem);
}

Test(api, version)
{
	json_t *object = get("/v1/version");

	cr_expect_str_eq(text_at(object, "kind"), "Version");
	cr_expect_str_eq(text_at(object, "version"), SLUICE_VERSION);
	cr_expect_eq(number_at(object, "generation"), 1);
	json_decref(object);
}

Test(api, every_route_refuses_other_methods)
{
	for (const struct route *route = route_table; route->method; route++) {
		int status;
		_cleanup_free_ char *path = sl_printf(
			"%s%s", route->path, strchr(route->path + 1, 0)[-1] == '/' ? "a/b" : "");
		_cleanup_free_ char *answer = served_ask(&served, "DELETE", path, "", "", &status);

		cr_expect_eq(status, 405, "%s: %d %s", path, status, answer);
	}
}

Test(api, unknown_paths_are_404)
{
	static const char *const paths[] = {"/",	   "/v1",	 "/v1/statu", "/v1/status/",
					    "/v1/statusx", "/v1/../etc", "/v2/status"};

	for (size_t i = 0; i < sl_count(paths); i++)
		json_decref(served_json(&served, "GET", paths[i], "", 404));
}

Test(api, head_is_get_without_the_body)
{
	int status;
	_cleanup_free_ char *body = served_ask(&served, "HEAD", "/v1/status", "", "", &status);

	cr_expect_eq(status, 200);
	cr_expect_str_eq(body, "");
}

Test(api, get_has_no_body)
{
	json_t *problem = served_json(&served, "GET", "/v1/status", "{}", 413);

	cr_expect_str_eq(text_at(problem, "title"), "a body where none belongs");
	json_decref(problem);
}

static void print_roles(FILE *out)
{
	fputs("| request | role | for |\n| --- | --- | --- |\n", out);
	for (const struct route *route = route_table; route->method; route++)
		fprintf(out, "| `%s %s%s` | `%s` | %s |\n", route->method, route->path,
			strchr(route->path + 1, 0)[-1] == '/' ? "<pool>/<backend>" : "",
			config_role_word(route->role), route->help);
}

static void print_problems(FILE *out)
{
	fputs("| status | type | meaning |\n| --- | --- | --- |\n| 200 | | done |\n", out);
	for (const struct problem *problem = problem_table; problem->type; problem++)
		fprintf(out, "| %u | `%s` | %s |\n", problem->status, problem->type,
			problem->meaning);
}

/* The page with the table between its marks written anew. Caller frees. */
static char *with_table(const char *page, const char *name, void (*print)(FILE *out))
{
	static const char end[] = "<!-- end -->\n";
	_cleanup_free_ char *begin = sl_printf("<!-- %s -->\n", name);
	const char *at = strstr(page, begin), *rest = at ? strstr(at, end) : NULL;
	char *text = NULL;
	size_t size;
	FILE *out;

	cr_assert(rest, "docs/api.md has no place for the %s", name);
	out = open_memstream(&text, &size);
	fprintf(out, "%.*s", (int)(at - page + strlen(begin)), page);
	print(out);
	fputs(rest, out);
	fclose(out);
	return text;
}

/* UPDATE_GOLDENS=1 writes them anew. */
static void hold_tables(const char *page)
{
	_cleanup_free_ char *first = with_table(page, "roles", print_roles);
	_cleanup_free_ char *text = with_table(first, "problems", print_problems);
	FILE *out;

	if (!getenv("UPDATE_GOLDENS")) {
		cr_expect(!strcmp(page, text),
			  "the tables in docs/api.md are others: UPDATE_GOLDENS=1 writes them");
		return;
	}
	out = fopen("docs/api.md", "w");
	fputs(text, out);
	fclose(out);
}

Test(api, documented)
{
	FILE *in = fopen("docs/api.md", "r");
	static char text[65536];

	cr_assert(in, "docs/api.md (tests run in the top directory)");
	text[fread(text, 1, sizeof(text) - 1, in)] = '\0';
	fclose(in);
	hold_tables(text);
	for (const struct route *route = route_table; route->method; route++) {
		_cleanup_free_ char *title = sl_printf("\n### `%s %s", route->method, route->path);

		cr_expect(strstr(text, title), "docs/api.md has no section %s", title);
	}
}

/* ---- seeing -------------------------------------------------------------------------------------------- */

Test(api, healthy)
{
	json_t *object = get("/v1/status");

	cr_expect_str_eq(text_at(object, "health"), "healthy");
	cr_expect_eq(json_array_size(json_object_get(object, "problems")), 0);
	cr_expect_str_eq(text_at(object, "committed_at"), "2001-09-09T01:46:40Z");
	json_decref(object);
}

Test(api, degraded)
{
	json_t *object;

	served.fake->health_down = true;
	object = get("/v1/status");
	cr_expect_str_eq(text_at(object, "health"), "degraded");
	cr_expect_str_eq(json_string_value(item(object, "problems", 0)),
			 "backend web/web2: down: connection refused");
	json_decref(object);
}

Test(api, draining_is_not_degraded)
{
	json_t *object;

	json_decref(served_json(&served, "POST", "/v1/backends/web/web1", "{\"admin\":\"drain\"}",
				200));
	object = get("/v1/status");
	cr_expect_str_eq(text_at(object, "health"), "healthy");
	cr_expect_eq(number_at(json_object_get(object, "backends"), "draining"), 1);
	json_decref(object);
}

Test(api, broken_without_interface)
{
	json_t *object;

	served.fake->detached = true;
	object = get("/v1/status");
	cr_expect_str_eq(text_at(object, "health"), "broken");
	json_decref(object);
}

Test(api, broken_without_usable_backend)
{
	json_t *object;

	json_decref(served_json(&served, "POST", "/v1/backends/dns/dns1",
				"{\"admin\":\"disabled\"}", 200));
	object = get("/v1/status");
	cr_expect_str_eq(text_at(object, "health"), "broken");
	cr_expect_str_eq(json_string_value(item(object, "problems", 0)),
			 "service dns: no usable backend");
	json_decref(object);
}

Test(api, services)
{
	json_t *object = get("/v1/services"), *dns = item(object, "services", 1);

	cr_expect_str_eq(text_at(dns, "vip"), "2001:db8::1");
	cr_expect_str_eq(text_at(dns, "protocol"), "udp");
	cr_expect_eq(number_at(dns, "port"), 0);
	cr_expect_eq(number_at(dns, "packets"), 10002);
	cr_expect_eq(number_at(dns, "settled"), 60);
	json_decref(object);
}

Test(api, backends)
{
	json_t *object = get("/v1/backends"), *web2 = item(object, "backends", 1);

	cr_expect_str_eq(text_at(web2, "name"), "web2");
	cr_expect_str_eq(text_at(web2, "state"), "up");
	cr_expect_str_eq(text_at(json_object_get(web2, "check"), "last"), "connected");
	cr_expect_eq(number_at(web2, "packets"), 2001);
	cr_expect_eq(number_at(web2, "flow_records"), 6);
	cr_expect_eq(number_at(item(web2, "services", 0), "slots"), 33);
	cr_expect_null(json_object_get(item(object, "backends", 2), "check"));
	json_decref(object);
}

Test(api, verdicts_have_their_sum)
{
	json_t *object = get("/v1/verdicts"), *verdict;
	json_int_t sum = 0;
	size_t i;

	json_array_foreach(json_object_get(object, "verdicts"), i, verdict) sum +=
		number_at(verdict, "packets");
	cr_expect_eq(i, VERDICT_COUNT - 1);
	cr_expect_eq(number_at(object, "packets"), sum);
	json_decref(object);
}

Test(api, flows_and_interfaces)
{
	json_t *flows = get("/v1/flows"), *interfaces = get("/v1/interfaces");

	cr_expect_eq(number_at(flows, "records"), 77);
	cr_expect_str_eq(text_at(item(flows, "events", 0), "event"), "created");
	cr_expect_eq(number_at(item(flows, "events", 0), "count"), 500);
	cr_expect_str_eq(text_at(item(interfaces, "interfaces", 0), "attached_mode"), "native");
	json_decref(flows);
	json_decref(interfaces);
}

Test(api, unreadable_counters_are_said)
{
	static const char *const paths[] = {"/v1/services", "/v1/backends", "/v1/verdicts",
					    "/v1/flows", "/metrics"};

	served.fake->fail_counters = true;
	for (size_t i = 0; i < sl_count(paths); i++)
		json_decref(served_json(&served, "GET", paths[i], "", 500));
}

/* ---- the configuration ----------------------------------------------------------------------------------- */

static const char other_config[] =
	"interfaces: {eth0: }\n"
	"pools: {web: {check: {type: none}, backends: [{name: web1, address: 10.0.0.11}]}}\n"
	"services: {www: {vip: 192.0.2.1, protocol: tcp, port: 80, pool: web}}\n";

Test(api, config_reads_as_the_same)
{
	int status;
	_cleanup_free_ char *text = served_ask(&served, "GET", "/v1/config", "", "", &status);
	_cleanup_config_ struct config *before = NULL, *after = NULL;
	struct config_changes changes;

	cr_assert_eq(status, 200);
	cr_assert(!config_read("a", served_config, strlen(served_config), &before, NULL));
	cr_assert(!config_read("b", text, strlen(text), &after, NULL));
	config_diff(before, after, &changes);
	cr_expect_eq(changes.count, 0);
	config_changes_deinit(&changes);
}

Test(api, diff_changes_nothing)
{
	json_t *object = served_json(&served, "POST", "/v1/diff", other_config, 200);

	cr_assert(object);
	cr_expect(json_is_false(json_object_get(object, "same")));
	cr_expect_str_eq(text_at(item(object, "services", 0), "name"), "www");
	cr_expect_eq(number_at(item(object, "services", 0), "slots_moved"), 16);
	cr_expect_eq(served.fake->commits, 0);
	json_decref(object);
	object = served_json(&served, "POST", "/v1/diff", served_config, 200);
	cr_expect(json_is_true(json_object_get(object, "same")));
	json_decref(object);
}

Test(api, dry_run_is_diff)
{
	json_t *diff = served_json(&served, "POST", "/v1/diff", other_config, 200);
	json_t *dry = served_json(&served, "PUT", "/v1/config?dry-run=1", other_config, 200);

	cr_expect(json_equal(diff, dry));
	cr_expect_eq(served.fake->commits, 0);
	json_decref(diff);
	json_decref(dry);
}

Test(api, commit)
{
	json_t *object = served_json(&served, "PUT", "/v1/config", other_config, 200);

	cr_assert(object);
	cr_expect_str_eq(text_at(object, "kind"), "Commit");
	cr_expect_eq(number_at(object, "generation"), 2);
	cr_expect_eq(served.fake->commits, 1);
	json_decref(object);
}

Test(api, errors_of_a_file_have_their_place)
{
	expect_problem("PUT", "/v1/config?name=my%20file.yaml",
		       "interfaces: {eth0: }\nserfices: {}\n", 422, "my file.yaml:2:1",
		       "did you mean");
	cr_expect_eq(served.fake->commits, 0);
}

Test(api, failed_commit_says_why)
{
	served.fake->fail_commit = true;
	expect_problem("PUT", "/v1/config", other_config, 500, "program", "refused by the kernel");
	served.fake->fail_preview = true;
	expect_problem("PUT", "/v1/config", other_config, 422, "capacity.slots", "too few");
}

Test(api, if_match)
{
	static const struct {
		const char *header;
		int status;
	} cases[] = {
		{"If-Match: \"7\"\r\n", 412}, {"If-Match: 1\r\n", 412},
		{"If-Match: \"1\"\r\n", 200}, {"If-Match: \"1\"\r\n", 412}, /* it is 2 now */
		{"If-Match: *\r\n", 200}, /* the same: nothing is done */
	};

	for (size_t i = 0; i < sl_count(cases); i++) {
		int status;
		_cleanup_free_ char *answer = served_ask(&served, "PUT", "/v1/config",
							 cases[i].header, other_config, &status);

		cr_expect_eq(status, cases[i].status, "case %zu: %d %s", i, status, answer);
	}
	cr_expect_eq(served.fake->commits, 1);
}

Test(api, if_match_holds_for_every_change)
{
	static const struct {
		const char *method, *path, *body;
	} changes[] = {
		{"PUT", "/v1/config", other_config},
		{"POST", "/v1/backends/web/web1", "{\"admin\":\"disabled\"}"},
		{"POST", "/v1/detach", ""},
		{"PUT", "/v1/log", "{\"level\":\"debug\"}"},
	};

	for (size_t i = 0; i < sl_count(changes); i++) {
		int status;
		_cleanup_free_ char *answer =
			served_ask(&served, changes[i].method, changes[i].path,
				   "If-Match: \"7\"\r\n", changes[i].body, &status);

		cr_expect_eq(status, 412, "%s: %s", changes[i].path, answer);
		cr_expect(strstr(answer, "the generation is 1 now"), "%s", answer);
		free(served_ask(&served, changes[i].method, changes[i].path,
				"If-Match: \"6\", \"1\"\r\n", i ? changes[i].body : "", &status));
		cr_expect_eq(status, i ? 200 : 422, "%s", changes[i].path);
	}
	cr_expect_eq(served.fake->commits, 0);
}

/* ---- other changes ----------------------------------------------------------------------------------------- */

Test(api, override)
{
	json_t *object = served_json(&served, "POST", "/v1/backends/web/web2",
				     "{\"admin\":\"drain\",\"weight\":7}", 200);
	json_t *backend = json_object_get(object, "backend");

	cr_expect_str_eq(text_at(backend, "admin"), "drain");
	cr_expect_str_eq(text_at(backend, "state"), "draining");
	json_decref(object);
	object =
		served_json(&served, "POST", "/v1/backends/web/web2", "{\"admin\":\"ready\"}", 200);
	cr_expect_eq(number_at(json_object_get(object, "backend"), "weight"), 7);
	json_decref(object);
	object = served_json(&served, "POST", "/v1/backends/web/web2", "{\"weight\":null}", 200);
	cr_expect_eq(number_at(json_object_get(object, "backend"), "weight"), 50);
	json_decref(object);
}

Test(api, override_of_nothing)
{
	expect_problem("POST", "/v1/backends/web/web9", "{\"admin\":\"drain\"}", 404, "web/web9",
		       "the pool web has no backend web9");
	expect_problem("POST", "/v1/backends/wbe/web1", "{\"admin\":\"drain\"}", 404, "wbe/web1",
		       "there is no pool wbe");
	json_decref(served_json(&served, "POST", "/v1/backends/web", "{\"admin\":\"drain\"}", 404));
	json_decref(served_json(&served, "POST", "/v1/backends/web/a/b", "{}", 404));
	expect_problem("POST", "/v1/backends/web/web1", "{\"admin\":\"up\"}", 400, "body.admin",
		       "\"ready\"");
	expect_problem("POST", "/v1/backends/web/web1", "{", 400, "body", "line 1");
}

Test(api, explain)
{
	json_t *object;

	served.fake->explanation = (struct explanation){
		.verdict = VERDICT_FORWARDED,
		.service = 1,
		.backend = 5,
		.slot = 9,
		.slot_word = SLOT(5, 5),
		.choice = CHOICE_SETTLED,
		.hash = 0xfedcba9876543210,
	};
	object = served_json(
		&served, "POST", "/v1/explain",
		"{\"protocol\":\"tcp\",\"source\":\"198.51.100.1\",\"source-port\":1234,"
		"\"destination\":\"192.0.2.1\",\"destination-port\":80}",
		200);
	cr_assert(object);
	cr_expect_str_eq(text_at(object, "verdict"), "forwarded");
	cr_expect(json_is_null(json_object_get(object, "would_be")));
	cr_expect_str_eq(text_at(object, "action"), "XDP_TX");
	cr_expect_str_eq(text_at(object, "service"), "www");
	cr_expect_str_eq(text_at(object, "slot_state"), "settled");
	cr_expect_str_eq(text_at(object, "choice"), "settled");
	cr_expect_str_eq(text_at(object, "hash"), "fedcba9876543210");
	cr_expect_eq(strlen(text_at(object, "output_hex")), 2 * served.fake->frame_size);
	cr_expect_eq(served.fake->frame_size, 54);
	json_decref(object);
}

Test(api, explain_of_a_service_in_shadow)
{
	json_t *object, *stages;

	served.fake->explanation = (struct explanation){
		.verdict = VERDICT_SHADOW_DROPPED,
		.would_be = VERDICT_NO_NEXT_HOP,
		.service = 1,
		.backend = 5,
	};
	object = served_json(&served, "POST", "/v1/explain",
			     "{\"frame_hex\":\"ffffffffffff0200000000010806\"}", 200);
	cr_expect_str_eq(text_at(object, "verdict"), "shadow_dropped");
	cr_expect_str_eq(text_at(object, "would_be"), "no_next_hop");
	stages = json_object_get(object, "stages");
	cr_expect_str_eq(
		text_at(json_array_get(stages, json_array_size(stages) - 2), "decision"),
		"enforced, it would be no_next_hop: the backend's next hop isn't resolved");
	json_decref(object);
}

Test(api, explain_of_a_frame)
{
	json_t *object;

	served.fake->explanation = (struct explanation){
		.verdict = VERDICT_NOT_IP,
		.backend = SLOT_NONE,
	};
	object = served_json(
		&served, "POST", "/v1/explain",
		"{\"frame_hex\":\"ffffffffffff0200000000010806DEad\",\"interface\":\"eth0\"}", 200);
	cr_expect_str_eq(text_at(object, "output_hex"), "ffffffffffff0200000000010806dead");
	cr_expect(json_is_null(json_object_get(object, "service")));
	cr_expect_str_eq(text_at(object, "slot_state"), "none");
	json_decref(object);
	expect_problem("POST", "/v1/explain",
		       "{\"frame_hex\":\"ffffffffffff0200000000010806\",\"interface\":\"eth7\"}",
		       400, "body.interface", "eth7");
}

Test(api, detach)
{
	json_t *object = served_json(&served, "POST", "/v1/detach", "", 200);

	cr_expect(json_is_true(json_object_get(item(object, "interfaces", 0), "was_attached")));
	cr_expect(served.fake->detached);
	json_decref(object);
	object = served_json(&served, "POST", "/v1/detach", "", 200);
	cr_expect(json_is_false(json_object_get(item(object, "interfaces", 0), "was_attached")));
	json_decref(object);
	served.fake->fail_loader = true;
	expect_problem("POST", "/v1/detach", "", 500, "loader", "gone");
}

static json_int_t trial_left(json_t *object)
{
	json_int_t left =
		json_integer_value(json_object_get(item(object, "interfaces", 0), "trial_left_ms"));

	json_decref(object);
	return left;
}

Test(api, attach)
{
	expect_problem("POST", "/v1/attach", "{\"for_ms\":60000}", 500, "interface eth0",
		       "is attached for good");
	json_decref(served_json(&served, "POST", "/v1/detach", "", 200));
	cr_expect_eq(trial_left(served_json(&served, "POST", "/v1/attach",
					    "{\"interface\":\"eth0\",\"for_ms\":60000}", 200)),
		     60000);
	cr_expect_not(served.fake->detached);
	cr_expect_eq(trial_left(served_json(&served, "GET", "/v1/interfaces", "", 200)), 60000);
	cr_expect_eq(trial_left(served_json(&served, "POST", "/v1/attach", "{}", 200)), 0);
	expect_problem("POST", "/v1/attach", "{\"interface\":\"eth7\"}", 404, "body.interface",
		       "eth7");
	expect_problem("POST", "/v1/attach", "{\"for_ms\":999}", 400, "body.for_ms", "1000");
	expect_problem("POST", "/v1/attach", "{\"for_ms\":86400001}", 400, "body.for_ms", "1000");
	expect_problem("POST", "/v1/attach", "{\"for_ms\":\"60s\"}", 400, "body.for_ms", "1000");
	expect_problem("POST", "/v1/attach", "{\"interface\":\"\"}", 400, "body.interface", "name");
	served.fake->fail_loader = true;
	expect_problem("POST", "/v1/attach", "{}", 500, "loader", "gone");
}

/* ---- without a configuration ------------------------------------------------------------------------------- */

Test(api_empty, nothing_is_committed)
{
	static const char *const paths[] = {"/v1/status", "/v1/services", "/v1/backends"};
	json_t *object;

	served = served_start(NULL);
	for (size_t i = 0; i < sl_count(paths); i++) {
		object = get(paths[i]);
		cr_expect_eq(number_at(object, "generation"), 0);
		if (!i)
			cr_expect_str_eq(text_at(object, "health"), "broken");
		json_decref(object);
	}
	json_decref(served_json(&served, "GET", "/v1/config", "", 404));
	json_decref(served_json(&served, "POST", "/v1/backends/a/b", "{\"weight\":1}", 404));
	served_stop(&served);
}
