/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "health/health.h"

#include "base/memory.h"
#include "health_server.h"

#include <criterion/criterion.h>

#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

struct site {
	struct event_base *base;
	struct health *health;
	struct server server;
	struct config_backend backends[501];
	struct config_pool pool;
	struct config config;
	enum check_state recalled;
	unsigned recalls;
	char news[1024]; /* "name up: why\n" */
};

static void on_changed(void *context, const char *pool, const char *backend, bool up,
		       const char *why)
{
	struct site *site = context;
	size_t length = strlen(site->news);

	cr_assert(!strcmp(pool, "web") || !strcmp(pool, "other"));
	snprintf(site->news + length, sizeof(site->news) - length, "%s %s: %s\n", backend,
		 up ? "up" : "down", why);
}

static enum check_state on_recall(void *context, const char *pool, const char *backend)
{
	struct site *site = context;

	site->recalls++;
	return site->recalled;
}

static void set_address(struct config_backend *backend, const char *address)
{
	cr_assert(address_parse(address, &backend->address));
}

/* One pool "web" with one backend "a" on 127.0.0.1, asked every 20 ms, and its server. */
static struct site *site_new(enum config_check type, enum manner manner, const char *answer)
{
	struct site *site = sl_calloc(1, sizeof(*site));

	site->base = event_base_new();
	server_start(&site->server, site->base, manner, answer);
	strcpy(site->backends[0].name, "a");
	set_address(&site->backends[0], "127.0.0.1");
	strcpy(site->pool.name, "web");
	site->pool.backends = site->backends;
	site->pool.n_backends = 1;
	site->pool.check = (struct config_health){.type = type,
						  .port = site->server.port,
						  .path = "/live?x=1",
						  .expect_first = 200,
						  .expect_last = 299,
						  .interval_ms = 20,
						  .timeout_ms = 20,
						  .rise = 2,
						  .fall = 3};
	site->config.pools = &site->pool;
	site->config.n_pools = 1;
	cr_assert_eq(health_new(site->base, on_changed, on_recall, site, &site->health, NULL), 0);
	return site;
}

static void site_free(struct site *site)
{
	health_free(site->health);
	event_base_loop(site->base, EVLOOP_NONBLOCK); /* the server sees its visitors go */
	server_stop(&site->server);
	event_base_free(site->base);
	free(site);
}

static struct health_view view(struct site *site, const char *backend)
{
	struct health_view seen;

	cr_assert(health_view(site->health, "web", backend, &seen));
	return seen;
}

static void on_guard(evutil_socket_t fd, short what, void *context)
{
	cr_assert(false, "nothing happened for 30 s");
}

/* Lets the loop run until the backend has had so many results. */
static void until_results(struct site *site, const char *backend, uint64_t results)
{
	const struct timeval patience = {30, 0};
	struct event *guard = evtimer_new(site->base, on_guard, NULL);

	event_add(guard, &patience);
	while (view(site, backend).check->successes + view(site, backend).check->failures < results)
		event_base_loop(site->base, EVLOOP_ONCE);
	event_free(guard);
}

/* The first result, as news. A slow machine must not time a probe out that isn't meant to be. */
static void first_news(enum config_check type, enum manner manner, const char *answer,
		       const char *news)
{
	struct site *site = site_new(type, manner, answer);

	if (manner != HANG)
		site->pool.check.timeout_ms = 20000;
	health_follow(site->health, &site->config);
	cr_assert_str_eq(view(site, "a").last, "not checked yet");
	until_results(site, "a", 1);
	cr_assert_str_eq(site->news, news);
	site_free(site);
}

static unsigned count_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	unsigned count = 0;

	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

Test(health, tcp_says_how_it_went)
{
	first_news(CONFIG_CHECK_TCP, ANSWER, OK, "a up: connected\n");
	first_news(CONFIG_CHECK_TCP, HANG, OK, "a up: connected\n");
	first_news(CONFIG_CHECK_TCP, REFUSE, OK, "a down: connection refused\n");
}

Test(health, http_judges_the_status)
{
	first_news(CONFIG_CHECK_HTTP, ANSWER, OK, "a up: HTTP 200\n");
	first_news(CONFIG_CHECK_HTTP, ANSWER, "HTTP/1.1 299 Fine\r\n\r\n", "a up: HTTP 299\n");
	first_news(CONFIG_CHECK_HTTP, ANSWER, "HTTP/1.0 204 None\r\n\r\n", "a up: HTTP 204\n");
	first_news(CONFIG_CHECK_HTTP, ANSWER, "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n",
		   "a down: HTTP 503\n");
	first_news(CONFIG_CHECK_HTTP, ANSWER, "HTTP/1.1 300 Many\r\nContent-Length: 0\r\n\r\n",
		   "a down: HTTP 300\n");
}

Test(health, http_follows_no_redirect)
{
	first_news(CONFIG_CHECK_HTTP, ANSWER,
		   "HTTP/1.1 302 Go\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
		   "a down: HTTP 302\n");
}

Test(health, http_says_what_broke)
{
	first_news(CONFIG_CHECK_HTTP, REFUSE, "", "a down: connection refused\n");
	first_news(CONFIG_CHECK_HTTP, HANG, "", "a down: timed out after 20 ms\n");
	first_news(CONFIG_CHECK_HTTP, SILENT, "", "a down: closed without an answer\n");
	first_news(CONFIG_CHECK_HTTP, ANSWER, "\1\2 rubbish \3\r\n\r\n",
		   "a down: not an HTTP answer\n");
	first_news(CONFIG_CHECK_HTTP, ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf",
		   "a down: closed in the middle of the answer\n");
}

Test(health, http_reads_an_endless_page_no_further_than_it_must)
{
	first_news(CONFIG_CHECK_HTTP, ENDLESS, "HTTP/1.1 500 No\r\n\r\n", "a down: HTTP 500\n");
	first_news(CONFIG_CHECK_HTTP, ENDLESS,
		   "HTTP/1.1 200 OK\r\nEndless: ", "a down: header line too long\n");
	first_news(CONFIG_CHECK_HTTP, ENDLESS, "HTTP/1.1 200 OK\r\n\r\n", "a up: HTTP 200\n");
}

Test(health, http_asks_the_backend_itself)
{
	struct site *site;
	char expected[128];

	setenv("http_proxy", "http://192.0.2.1:1", 1);
	site = site_new(CONFIG_CHECK_HTTP, ANSWER, OK);
	site->pool.check.timeout_ms = 20000;
	health_follow(site->health, &site->config);
	until_results(site, "a", 1);
	cr_assert_eq(strncmp(site->server.request, "GET /live?x=1 HTTP/1.1\r\n", 24), 0);
	snprintf(expected, sizeof(expected), "\r\nHost: 127.0.0.1:%u\r\n", site->server.port);
	cr_assert_not_null(strstr(site->server.request, expected));

	site->pool.check.host = "www.example.net";
	health_follow(site->health, &site->config);
	until_results(site, "a", 2);
	cr_assert_not_null(strstr(site->server.request, "\r\nHost: www.example.net\r\n"));
	cr_assert_null(strstr(site->server.request, "127.0.0.1"));
	site_free(site);
}

Test(health, ipv6)
{
	static const enum config_check types[] = {CONFIG_CHECK_TCP, CONFIG_CHECK_HTTP};

	for (size_t i = 0; i < sl_count(types); i++) {
		struct site *site = site_new(types[i], ANSWER, OK);

		site->pool.check.timeout_ms = 20000;
		set_address(&site->backends[0], "::1");
		health_follow(site->health, &site->config);
		until_results(site, "a", 1);
		cr_assert_eq(view(site, "a").check->state, CHECK_UP);
		site_free(site);
	}
}

Test(health, an_unreachable_network_is_a_failure)
{
	struct site *site;

	if (unshare(CLONE_NEWNET))
		cr_skip_test("needs CAP_SYS_ADMIN for a network namespace of its own");
	site = site_new(CONFIG_CHECK_TCP, REFUSE, "");
	set_address(&site->backends[0], "192.0.2.1");
	health_follow(site->health, &site->config);
	until_results(site, "a", 1);
	cr_assert_str_eq(site->news, "a down: network is unreachable\n");
	site_free(site);
}

Test(health, falls_and_rises)
{
	struct site *site = site_new(CONFIG_CHECK_HTTP, ANSWER, OK);

	site->pool.check.timeout_ms = 20000;
	health_follow(site->health, &site->config);
	until_results(site, "a", 1);
	site->server.answer = "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n";
	until_results(site, "a", 3);
	cr_assert_str_eq(site->news, "a up: HTTP 200\n");
	until_results(site, "a", 4);
	cr_assert_str_eq(site->news, "a up: HTTP 200\na down: HTTP 500\n");
	site->server.answer = OK;
	until_results(site, "a", 6);
	cr_assert_str_eq(site->news, "a up: HTTP 200\na down: HTTP 500\na up: HTTP 200\n");
	cr_assert_eq(site->server.requests, 6);
	site_free(site);
}

Test(health, what_was_known_is_recalled)
{
	struct site *site = site_new(CONFIG_CHECK_TCP, REFUSE, "");

	site->recalled = CHECK_UP;
	health_follow(site->health, &site->config);
	cr_assert_eq(site->recalls, 1);
	cr_assert_eq(view(site, "a").check->state, CHECK_UP);
	until_results(site, "a", 2);
	cr_assert_str_eq(site->news, "");
	until_results(site, "a", 3);
	cr_assert_str_eq(site->news, "a down: connection refused\n");
	site_free(site);
}

Test(health, the_same_configuration_disturbs_nothing)
{
	struct site *site = site_new(CONFIG_CHECK_HTTP, ANSWER, OK);
	const struct check *check;
	unsigned turns = 0;

	health_follow(site->health, &site->config);
	check = view(site, "a").check;
	until_results(site, "a", 2);
	/* A follow faster than the interval would starve a check that began anew each time. */
	while (check->successes + check->failures < 6 && turns++ < 1000) {
		health_follow(site->health, &site->config);
		event_base_loop(site->base, EVLOOP_ONCE);
	}
	cr_assert_geq(check->successes + check->failures, 6);
	cr_assert_eq(view(site, "a").check, check);
	cr_assert_eq(site->recalls, 1);
	site_free(site);
}

Test(health, changed_parameters_keep_the_state)
{
	struct site *site = site_new(CONFIG_CHECK_TCP, ANSWER, OK);

	site->pool.check.timeout_ms = 20000;
	health_follow(site->health, &site->config);
	until_results(site, "a", 2);
	site->pool.check.type = CONFIG_CHECK_HTTP;
	site->pool.check.fall = 1;
	health_follow(site->health, &site->config);
	cr_assert_eq(view(site, "a").check->state, CHECK_UP);
	cr_assert_eq(view(site, "a").check->successes, 2);
	site->server.answer = "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n";
	until_results(site, "a", 3);
	cr_assert_str_eq(site->news, "a up: connected\na down: HTTP 404\n");
	site_free(site);
}

Test(health, another_address_is_unknown_again)
{
	struct site *site = site_new(CONFIG_CHECK_TCP, ANSWER, OK);

	site->pool.check.timeout_ms = 20000;
	health_follow(site->health, &site->config);
	until_results(site, "a", 1);
	set_address(&site->backends[0], "127.0.0.2");
	health_follow(site->health, &site->config);
	cr_assert_eq(view(site, "a").check->state, CHECK_UNKNOWN);
	cr_assert_eq(site->recalls, 2, "it is another backend");
	cr_assert_str_eq(site->news, "a up: connected\n");
	site_free(site);
}

Test(health, another_name_is_the_same_backend)
{
	struct site *site = site_new(CONFIG_CHECK_TCP, ANSWER, OK);
	const struct check *a, *b;

	site->pool.check.timeout_ms = 20000;
	strcpy(site->backends[1].name, "b");
	set_address(&site->backends[1], "127.0.0.3");
	site->pool.n_backends = 2;
	health_follow(site->health, &site->config);
	until_results(site, "a", 1);
	until_results(site, "b", 1);
	a = view(site, "a").check;
	b = view(site, "b").check;
	strcpy(site->backends[0].name, "b");
	strcpy(site->backends[1].name, "a");
	health_follow(site->health, &site->config);
	cr_assert_eq(view(site, "b").check, a);
	cr_assert_eq(view(site, "a").check, b);
	cr_assert_eq(site->recalls, 2);
	site_free(site);
}

Test(health, follows_backends_that_come_and_go)
{
	struct site *site = site_new(CONFIG_CHECK_TCP, ANSWER, OK);
	struct health_view seen;

	strcpy(site->backends[1].name, "B");
	set_address(&site->backends[1], "127.0.0.3");
	site->pool.n_backends = 2;
	health_follow(site->health, &site->config);
	until_results(site, "a", 1);
	until_results(site, "B", 1);
	site->pool.n_backends = 1;
	health_follow(site->health, &site->config);
	cr_assert_not(health_view(site->health, "web", "B", &seen));
	cr_assert_not(health_view(site->health, "other", "a", &seen));
	cr_assert_geq(view(site, "a").check->successes, 1);
	site->pool.check.type = CONFIG_CHECK_NONE;
	health_follow(site->health, &site->config);
	cr_assert_not(health_view(site->health, "web", "a", &seen));
	site_free(site);
}

/* No matter how slow the machine: one an hour is far rarer than one each 20 ms. */
Test(health, each_pool_is_asked_at_its_interval)
{
	struct site *site = site_new(CONFIG_CHECK_TCP, ANSWER, OK);
	struct config_pool pools[2] = {site->pool, site->pool};
	struct health_view seen;

	strcpy(pools[1].name, "other");
	pools[1].check.interval_ms = 3600 * 1000;
	site->config.pools = pools;
	site->config.n_pools = 2;
	health_follow(site->health, &site->config);
	until_results(site, "a", 20);
	cr_assert(health_view(site->health, "other", "a", &seen));
	cr_assert_leq(seen.check->successes + seen.check->failures, 1);
	site_free(site);
}

/* 500 that hang, of either kind, and one that lives, which must go on being asked all the while. */
Test(health, those_that_hang_hold_up_nobody)
{
	struct site *site = site_new(CONFIG_CHECK_HTTP, HANG, "");
	struct server good;
	struct config_pool pools[2] = {site->pool, site->pool};
	unsigned descriptors = count_descriptors();
	struct health_view seen;

	server_start(&good, site->base, ANSWER, OK);
	for (unsigned i = 0; i < 500; i++) {
		snprintf(site->backends[i].name, CONFIG_NAME_MAX, "hangs%u", i);
		site->backends[i].address =
			(struct address){.family = 4, .word_be = {htonl(0x7f000100 + i)}};
	}
	pools[0].n_backends = 500;
	pools[0].check.interval_ms = 300;
	pools[0].check.timeout_ms = 300;
	strcpy(site->backends[500].name, "lives");
	set_address(&site->backends[500], "127.0.0.1");
	pools[1].backends = &site->backends[500];
	pools[1].check.port = good.port;
	pools[1].check.timeout_ms = 20000;
	site->config.pools = pools;
	site->config.n_pools = 2;
	strcpy(pools[1].name, "other");
	health_follow(site->health, &site->config);
	for (unsigned i = 0; i < 500; i++) {
		until_results(site, site->backends[i].name, 2);
		cr_assert_str_eq(view(site, site->backends[i].name).last, "timed out after 300 ms");
		cr_assert_eq(view(site, site->backends[i].name).check->successes, 0);
	}
	/* One descriptor each at most: 501 here, and the server's own ends of the good ones. */
	cr_assert_leq(count_descriptors(), descriptors + 501 + 4);
	cr_assert(health_view(site->health, "other", "lives", &seen));
	cr_assert_geq(seen.check->successes, 3);
	cr_assert_eq(seen.check->failures, 0);
	server_stop(&good);
	site_free(site);
}

static void no_descriptor_left(enum config_check type)
{
	struct site *site = site_new(type, ANSWER, OK);
	struct rlimit none = {0, 20}, before;

	site->recalled = CHECK_UP;
	site->pool.check.fall = 1;
	health_follow(site->health, &site->config);
	getrlimit(RLIMIT_NOFILE, &before);
	none.rlim_max = before.rlim_max;
	setrlimit(RLIMIT_NOFILE, &none);
	while (!strcmp(view(site, "a").last, "not checked yet"))
		event_base_loop(site->base, EVLOOP_ONCE);
	setrlimit(RLIMIT_NOFILE, &before);
	cr_assert_str_eq(view(site, "a").last, "too many open files");
	cr_assert_eq(view(site, "a").check->state, CHECK_UP);
	cr_assert_eq(view(site, "a").check->failures, 0);
	cr_assert_str_eq(site->news, "");
	site_free(site);
}

Test(health, own_trouble_is_not_the_backends)
{
	no_descriptor_left(CONFIG_CHECK_TCP);
	no_descriptor_left(CONFIG_CHECK_HTTP);
}

static void come_and_go(enum config_check type, enum manner manner)
{
	struct site *site = site_new(type, manner, OK);

	health_follow(site->health, &site->config);
	until_results(site, "a", 3);
	/* Ended in the middle of a probe. */
	event_base_loop(site->base, EVLOOP_ONCE);
	site_free(site);
}

Test(health, leaks_no_descriptor)
{
	unsigned before;

	come_and_go(CONFIG_CHECK_HTTP, ANSWER);
	before = count_descriptors();
	for (int type = CONFIG_CHECK_TCP; type <= CONFIG_CHECK_HTTP; type++) {
		come_and_go(type, ANSWER);
		come_and_go(type, HANG);
		come_and_go(type, REFUSE);
	}
	cr_assert_eq(count_descriptors(), before);
}
