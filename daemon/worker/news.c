// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * News from one module, passed on to others.
 */
#include "worker/internal.h"

#include "base/log.h"
#include "base/memory.h"
#include "loader/loader.h"
#include "override/override.h"
#include "state/events.h"
#include "state/store.h"
#include "worker/last_health.h"

int news_load_program(void *context, const struct program_config *config, struct sl_errors *errors)
{
	return loader_load(context, config, errors);
}

void news_committed(void *context, const struct config *config)
{
	struct worker *worker = context;

	health_follow(worker->health, config);
	overrides_follow(worker->overrides, config);
}

void news_remember(void *context, const char *pool, const struct address *address,
		   struct engine_memory *ret_memory)
{
	const struct worker *worker = context;

	overrides_remember(worker->overrides, pool, address, ret_memory);
	if (worker->recall)
		ret_memory->health = last_health_find(worker->recall, pool, address);
}

void news_watch(void *context, const struct address *addresses, size_t count)
{
	struct worker *worker = context;

	net_watch(worker->net, addresses, count);
}

void news_next_hop(void *context, const struct address *address, const struct net_hop *hop)
{
	struct worker *worker = context;
	char text[ADDRESS_TEXT_MAX];

	if (hop->resolved)
		log_event(LOG_LEVEL_INFO, "next_hop", "next hop of %s: by %s",
			  address_format(address, text), hop->interface);
	else
		log_event(LOG_LEVEL_WARNING, "next_hop_lost", "next hop of %s: %s",
			  address_format(address, text), hop->why);
	engine_set_next_hop(worker->engine, address, hop->resolved, hop->ifindex, hop->mac,
			    hop->source_mac, hop->mtu);
}

/* `object` NULL: the whole daemon. */
void news_tell(struct worker *worker, enum event_kind kind, const char *object, const char *text)
{
	struct event_record event = {
		.kind = kind,
		.generation = engine_generation(worker->engine),
	};

	record_set(event.actor, "sluiced");
	record_set(event.object, object);
	record_set(event.text, text);
	events_append(worker->events, &event);
}

static const struct address *address_of(const struct worker *worker, const char *pool,
					const char *backend)
{
	const struct config *config = engine_config(worker->engine);
	const struct config_pool *of = &config->pools[config_find_pool(config, pool)];

	return &of->backends[config_find_backend(of, backend)].address;
}

static void note_health(struct worker *worker, const char *pool, const char *backend, bool up,
			const char *why)
{
	struct last_health health =
		last_health_of(pool, address_of(worker, pool, backend), up, why, record_now_ms());

	store_note_health(worker->store, &health);
}

void news_sign(evutil_socket_t fd, short what, void *context)
{
	struct worker *worker = context;
	struct last_health sign = last_health_sign(record_now_ms());

	store_note_health(worker->store, &sign);
}

void news_health(void *context, const char *pool, const char *backend, bool up, const char *why)
{
	_cleanup_free_ char *object = sl_printf("%s/%s", pool, backend);
	_cleanup_free_ char *text = sl_printf("%s: %s", up ? "up" : "down", why);
	struct worker *worker = context;

	news_tell(worker, up ? EVENT_BACKEND_UP : EVENT_BACKEND_DOWN, object, text);
	note_health(worker, pool, backend, up, why);
	engine_set_health(worker->engine, pool, backend, up);
}

enum check_state news_recall_health(void *context, const char *pool, const char *backend)
{
	const struct worker *worker = context;

	if (engine_healthy(worker->engine, pool, backend))
		return CHECK_UP;
	return worker->recall && last_health_find(worker->recall, pool,
						  address_of(worker, pool, backend)) == MEMORY_DOWN
		       ? CHECK_DOWN
		       : CHECK_UNKNOWN;
}
