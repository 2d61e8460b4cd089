/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may do what: roles by user, group and socket; and how often.
 */
#include "api/peer.h"
#include "api/rate.h"
#include "api/route.h"
#include "base/clock.h"
#include "base/memory.h"
#include "random.h"
#include "served.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- roles ------------------------------------------------------------------------------------------ */

static struct config_role given[] = {
	{"user:1001", SLUICE_ROLE_VIEWER},  {"user:1002", SLUICE_ROLE_NONE},
	{"group:50", SLUICE_ROLE_OPERATOR}, {"group:60", SLUICE_ROLE_ADMIN},
	{"group:70", SLUICE_ROLE_NONE},	    {"user:no-such-user", SLUICE_ROLE_ADMIN},
};
static const struct config_api settings = {
	.others = SLUICE_ROLE_OPERATOR,
	.roles = given,
	.n_roles = sl_count(given),
};

Test(roles, by_user_then_group_then_others)
{
	static const struct {
		uid_t uid;
		gid_t groups[2];
		enum sluice_role role;
	} cases[] = {
		{0, {70, 70}, SLUICE_ROLE_ADMIN},      {999, {70, 70}, SLUICE_ROLE_ADMIN},
		{1001, {60, 60}, SLUICE_ROLE_VIEWER},  {1002, {60, 60}, SLUICE_ROLE_NONE},
		{1003, {50, 60}, SLUICE_ROLE_ADMIN},   {1003, {60, 50}, SLUICE_ROLE_ADMIN},
		{1003, {50, 1}, SLUICE_ROLE_OPERATOR}, {1003, {70, 1}, SLUICE_ROLE_NONE},
		{1003, {1, 2}, SLUICE_ROLE_OPERATOR},
	};
	struct peer_roles *roles = peer_roles_new(&settings, 999);

	for (size_t i = 0; i < sl_count(cases); i++)
		cr_expect_eq(peer_role(roles, cases[i].uid, cases[i].groups, 2), cases[i].role,
			     "case %zu", i);
	peer_roles_free(roles);
}

/* ---- rate ------------------------------------------------------------------------------------------- */

static struct rate_key key_of(uint64_t number)
{
	return (struct rate_key){.words = {1, number, 0}};
}

Test(rate, burst_then_steady)
{
	struct rate rate;
	struct rate_key key = key_of(7);
	uint64_t now = 1000 * NS_PER_S;

	rate_init(&rate, 20, 40);
	for (int i = 0; i < 40; i++)
		cr_assert_eq(rate_take(&rate, &key, now), 0, "%d", i);
	cr_expect_eq(rate_take(&rate, &key, now), NS_PER_S / 20);
	cr_expect_eq(rate_take(&rate, &key, now + NS_PER_S / 20 - 1), 1);
	cr_expect_eq(rate_take(&rate, &key, now + NS_PER_S / 20), 0);
	cr_expect_neq(rate_take(&rate, &key, now + NS_PER_S / 20), 0);
}

/* Against the textbook's bucket: never more than burst + rate * time in any window from the start. */
Test(rate, never_more_than_the_bucket)
{
	struct random random = {.state = 5};
	struct rate rate;
	struct rate_key key = key_of(1);
	uint64_t now = NS_PER_S, begin = now, allowed = 0;

	rate_init(&rate, 10, 5);
	for (int i = 0; i < 100000; i++) {
		now += random_below(&random, NS_PER_S / 20);
		allowed += !rate_take(&rate, &key, now);
		cr_assert_leq(allowed, 5 + (now - begin) / (NS_PER_S / 10));
	}
	/* Asked for more than allowed all the time, it gives all there is. */
	cr_expect_geq(allowed + 2, (now - begin) / (NS_PER_S / 10));
}

/* What a stranger does with many keys changes nothing for one that is known. */
Test(rate, a_crowd_does_not_free_the_known)
{
	struct rate rate;
	struct rate_key known = key_of(0);
	uint64_t now = NS_PER_S;
	unsigned allowed = 0;

	rate_init(&rate, 1, 4);
	for (int i = 0; i < 4; i++)
		cr_assert_eq(rate_take(&rate, &known, now), 0);
	for (uint64_t i = 1; i < 100000; i++) {
		struct rate_key key = key_of(i);

		allowed += !rate_take(&rate, &key, now);
	}
	cr_expect_neq(rate_take(&rate, &known, now), 0, "still known");
	cr_expect_eq(allowed, RATE_KEYS - 1 + 4, "one each, and the crowd's burst");
	cr_expect_eq(rate_take(&rate, &known, now + NS_PER_S), 0);
}

/* ---- over sockets ----------------------------------------------------------------------------------- */

static struct served served;

static const char with_roles[] =
	"api: {others: viewer, roles: {user:65533: {role: operator}, user:65532: {role: none}}}\n"
	"interfaces: {eth0: }\n"
	"pools: {web: {check: {type: none}, backends: [{name: web1, address: 10.0.0.11}]}}\n"
	"services: {www: {vip: 192.0.2.1, protocol: tcp, port: 80, pool: web}}\n";

static void start(void)
{
	if (getuid())
		cr_skip_test("needs root, to become others");
	served = served_start(with_roles);
	chmod(served.directory, 0755);
	chmod(served.socket, 0666);
}

static void stop(void)
{
	served_stop(&served);
}

TestSuite(access, .init = start, .fini = stop, .timeout = 30);

/* As another user; SO_PEERCRED is of the connect. The whole answer; caller frees. */
static char *ask_as(uid_t uid, const char *socket, const char *method, const char *path,
		    const char *body)
{
	_cleanup_free_ char *request =
		sl_printf("%s %s HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n%s", method,
			  path, strlen(body), body);
	int fd;

	cr_assert(!seteuid(uid));
	fd = served_connect_to(socket);
	cr_assert(!seteuid(0));
	return served_send(&served, fd, request, strlen(request));
}

static int status_as(uid_t uid, const char *socket, const char *method, const char *path,
		     const char *body)
{
	_cleanup_free_ char *answer = ask_as(uid, socket, method, path, body);

	return served_status(answer);
}

/* Each route, as each role: 403 where the table says so, and nowhere else. */
Test(access, every_route_needs_its_role)
{
	static const struct {
		uid_t uid;
		enum sluice_role role;
	} users[] = {
		{65532, SLUICE_ROLE_NONE},
		{65531, SLUICE_ROLE_VIEWER},
		{65533, SLUICE_ROLE_OPERATOR},
		{0, SLUICE_ROLE_ADMIN},
	};

	for (const struct route *route = route_table; route->method; route++)
		for (size_t i = 0; i < sl_count(users); i++) {
			_cleanup_free_ char *path =
				sl_printf("%s%s", route->path,
					  strchr(route->path + 1, 0)[-1] == '/' ? "a/b" : "");
			int status =
				status_as(users[i].uid, served.socket, route->method, path, "");

			cr_expect_eq(status == 403, users[i].role < route->role, "%s %s as %u: %d",
				     route->method, path, users[i].uid, status);
		}
}

Test(access, changing_takes_more_than_looking)
{
	for (const struct route *route = route_table; route->method; route++)
		cr_expect(route->role > SLUICE_ROLE_VIEWER || !strcmp(route->method, "GET"),
			  "%s %s", route->method, route->path);
}

Test(access, a_refusal_says_which_role_is_missing)
{
	_cleanup_free_ char *answer = ask_as(65531, served.socket, "POST", "/v1/detach", "");

	cr_expect(strstr(answer, "\"where\":\"uid:65531\",\"what\":\"has the role viewer; this "
				 "needs admin\""),
		  "%s", answer);
	cr_expect(!served.fake->detached);
}

Test(access, by_the_view_socket_all_may_look_and_none_change)
{
	static const uid_t users[] = {0, 65531, 65532, 65533};

	for (size_t i = 0; i < sl_count(users); i++) {
		cr_expect_eq(status_as(users[i], served.view, "GET", "/v1/status", ""), 200);
		cr_expect_eq(status_as(users[i], served.view, "POST", "/v1/detach", ""), 403);
		cr_expect_eq(status_as(users[i], served.view, "PUT", "/v1/config", with_roles),
			     403);
	}
}

Test(access, who_asks_too_often_waits_and_root_does_not)
{
	_cleanup_free_ char *answer = NULL;

	for (int i = 0; i < 60; i++)
		cr_assert_eq(status_as(0, served.socket, "GET", "/v1/version", ""), 200);
	for (int i = 0; i < 200 && (!answer || served_status(answer) == 200); i++) {
		free(answer);
		answer = ask_as(65531, served.socket, "GET", "/v1/version", "");
	}
	cr_assert_eq(served_status(answer), 429, "%s", answer);
	cr_expect(strstr(answer, "\r\nRetry-After: 1\r\n"), "%s", answer);
	cr_expect(strstr(answer, "more than 40 requests at once or 20 a second"), "%s", answer);
	cr_expect_eq(status_as(65533, served.socket, "GET", "/v1/version", ""), 200,
		     "another user is not held up");
	cr_expect_eq(status_as(65531, served.view, "GET", "/v1/version", ""), 200,
		     "each listener counts for itself");
}

Test(access, metrics_by_tcp_are_for_addresses_not_for_names)
{
	static const struct {
		const char *host;
		int status;
	} cases[] = {
		{"127.0.0.1:9440", 200}, {"localhost:1", 200}, {"[::1]:9440", 200},
		{"evil.example", 421},	 {"[evil]", 421},      {"127.0.0.1.evil.example:80", 421},
	};

	for (size_t i = 0; i < sl_count(cases); i++) {
		_cleanup_free_ char *request =
			sl_printf("GET /healthz HTTP/1.1\r\nHost: %s\r\n\r\n", cases[i].host);
		_cleanup_free_ char *answer = served_send(&served, served_connect_metrics(&served),
							  request, strlen(request));

		cr_expect_eq(served_status(answer), cases[i].status, "%s: %s", cases[i].host,
			     answer);
	}
}
