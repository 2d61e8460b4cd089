/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine_site.h - an engine over a data plane of ordinary memory that fails when told to.
 */
#ifndef SLUICE_TESTS_ENGINE_SITE_H
#define SLUICE_TESTS_ENGINE_SITE_H

#include "engine/engine.h"
#include "fake_dataplane.h"

#include "base/memory.h"
#include "config/read.h"

#include <criterion/criterion.h>

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

struct site {
	struct event_base *base;
	struct dataplane *dataplane;
	struct engine *engine;
	unsigned committed;
	struct address watched[16];
	size_t n_watched;
};

static const char head[] = "capacity: {services: 512, backends: 4096, slots: 262144, flows: 1024}\n"
			   "interfaces: {eth0: {}}\n";

static inline struct config *read_config(const char *rest)
{
	_cleanup_free_ char *text = sl_printf("%s%s", head, rest);
	struct sl_errors errors = {0};
	struct config *config = NULL;

	if (config_read("test", text, strlen(text), &config, &errors))
		cr_log_error("%s", sl_errors_text(&errors));
	cr_assert_not_null(config);
	return config;
}

static const char two[] = "pools: {web: {backends: [{name: a, address: 10.0.0.1},"
			  " {name: b, address: 10.0.0.2}]}}\n"
			  "services: {web: {vip: 192.0.2.1, protocol: tcp, port: 80, pool: web}}\n";
static const char three[] =
	"pools: {web: {backends: [{name: a, address: 10.0.0.1}, {name: b, address: 10.0.0.2},"
	" {name: c, address: 10.0.0.3, weight: 50}]}}\n"
	"services: {web: {vip: 192.0.2.1, protocol: tcp, port: 80, pool: web},\n"
	"           six: {vip: '2001:db8::1', protocol: udp, port: any, pool: web}}\n";
static const char checked[] =
	"pools: {web: {check: {type: tcp, port: 80}, backends: [{name: a, address: 10.0.0.1},"
	" {name: b, address: 10.0.0.2}]}}\n"
	"services: {web: {vip: 192.0.2.1, protocol: tcp, port: 80, pool: web}}\n";

static inline void on_committed(void *context, const struct config *config)
{
	struct site *site = context;

	cr_expect_not_null(config);
	site->committed++;
}

static inline void on_watch(void *context, const struct address *addresses, size_t count)
{
	struct site *site = context;

	cr_assert_leq(count, 16);
	memcpy(site->watched, addresses, count * sizeof(*addresses));
	site->n_watched = count;
}

static inline void open_engine(struct site *site)
{
	const struct engine_listener listener = {
		.committed = on_committed, .watch = on_watch, .context = site};

	cr_assert_eq(engine_new(site->base, site->dataplane, &listener, &site->engine, NULL), 0);
}

static inline struct site open_site(void)
{
	struct config_capacity capacity = {
		.services = 512, .backends = 4096, .slots = 262144, .flows = 1024};
	struct site site = {.base = event_base_new()};

	cr_assert_eq(dataplane_open(NULL, &capacity, NULL, NULL, &site.dataplane, NULL), 0);
	return site;
}

static inline void close_site(struct site *site)
{
	engine_free(site->engine);
	dataplane_close(site->dataplane);
	event_base_free(site->base);
}

static inline void commit(struct site *site, const char *text)
{
	struct sl_errors errors = {0};

	if (engine_commit(site->engine, read_config(text), engine_generation(site->engine) + 1,
			  &errors))
		cr_log_error("%s", sl_errors_text(&errors));
	cr_assert_eq(errors.count, 0);
}

static inline void stop(evutil_socket_t fd, short what, void *base)
{
	event_base_loopbreak(base);
}

/* Lets the loop run for a while: timers, and grace periods that are over. */
static inline void run_loop(struct site *site, unsigned ms)
{
	struct timeval end = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	event_base_once(site->base, -1, EV_TIMEOUT, stop, site->base, &end);
	event_base_dispatch(site->base);
}

static inline struct engine_backend backend(const struct site *site, size_t service, size_t number)
{
	struct engine_backend view;

	engine_backend(site->engine, service, number, &view);
	return view;
}

#endif
