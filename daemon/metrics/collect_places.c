/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What there is once a service, once a backend of a service, and once a check.
 */
#include "metrics/collect.h"

#include "health/health.h"

/* ---- services ------------------------------------------------------------------------------------------ */

typedef uint64_t traffic_field_fn(const struct traffic_counter *traffic);

static uint64_t packets(const struct traffic_counter *traffic)
{
	return traffic->packets;
}

static uint64_t bytes(const struct traffic_counter *traffic)
{
	return traffic->bytes;
}

static uint64_t new_flows(const struct traffic_counter *traffic)
{
	return traffic->new_flows;
}

static size_t count_services(const struct metrics_snapshot *from)
{
	return from->config ? from->config->n_services : 0;
}

static struct engine_service service(const struct metrics_snapshot *from, size_t i)
{
	struct engine_service view;

	engine_service(from->source->engine, i, &view);
	return view;
}

static void write_services(const struct metrics_snapshot *from, struct metrics_writer *to,
			   traffic_field_fn *field)
{
	for (size_t i = 0; i < count_services(from); i++)
		writer_count(to, LABELS({"service", from->config->services[i].name}),
			     field(&from->services[service(from, i).id]));
}

void collect_service_packets(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	write_services(from, to, packets);
}

void collect_service_bytes(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	write_services(from, to, bytes);
}

void collect_service_flows(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	write_services(from, to, new_flows);
}

void collect_service_slots(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	for (size_t i = 0; i < count_services(from); i++) {
		const char *name = from->config->services[i].name;
		struct engine_service view = service(from, i);

		writer_count(to, LABELS({"service", name}, {"state", "settled"}), view.settled);
		writer_count(to, LABELS({"service", name}, {"state", "moving"}), view.moving);
		writer_count(to, LABELS({"service", name}, {"state", "tail"}), view.tail);
	}
}

void collect_service_usable(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	for (size_t i = 0; i < count_services(from); i++)
		writer_count(to, LABELS({"service", from->config->services[i].name}),
			     service(from, i).usable);
}

/* ---- backends ------------------------------------------------------------------------------------------ */

/* A backend in a service. */
struct place {
	const struct config_service *service;
	const struct config_pool *pool;
	const struct config_backend *backend;
	struct engine_backend view;
	struct traffic_counter traffic;
};

#define PLACE_LABELS(place, ...)                                                                   \
	LABELS({"service", (place)->service->name}, {"pool", (place)->pool->name},                 \
	       {"backend", (place)->backend->name}, ##__VA_ARGS__)

typedef void place_fn(const struct place *place, struct metrics_writer *to);

static void each_place(const struct metrics_snapshot *from, struct metrics_writer *to,
		       place_fn *write)
{
	for (size_t i = 0; i < count_services(from); i++) {
		struct place place = {.service = &from->config->services[i]};

		place.pool = &from->config->pools[place.service->pool];
		for (size_t j = 0; j < place.pool->n_backends; j++) {
			place.backend = &place.pool->backends[j];
			engine_backend(from->source->engine, i, j, &place.view);
			place.traffic = place.view.id < 0 ? (struct traffic_counter){0}
							  : from->backends[place.view.id];
			write(&place, to);
		}
	}
}

static void write_packets(const struct place *place, struct metrics_writer *to)
{
	writer_count(to, PLACE_LABELS(place), place->traffic.packets);
}

static void write_bytes(const struct place *place, struct metrics_writer *to)
{
	writer_count(to, PLACE_LABELS(place), place->traffic.bytes);
}

static void write_flows(const struct place *place, struct metrics_writer *to)
{
	writer_count(to, PLACE_LABELS(place), place->traffic.new_flows);
}

static void write_state(const struct place *place, struct metrics_writer *to)
{
	static const char *const words[] = {
		[BACKEND_FREE] = "none",
		[BACKEND_DOWN] = "down",
		[BACKEND_DRAINING] = "draining",
		[BACKEND_UP] = "up",
	};

	for (enum backend_state state = BACKEND_DOWN; state <= BACKEND_UP; state++)
		writer_count(to, PLACE_LABELS(place, {"state", words[state]}),
			     place->view.state == state);
}

static void write_weight(const struct place *place, struct metrics_writer *to)
{
	writer_count(to, PLACE_LABELS(place), place->view.weight);
}

static void write_resolved(const struct place *place, struct metrics_writer *to)
{
	writer_count(to, PLACE_LABELS(place), place->view.resolved);
}

static void write_slots(const struct place *place, struct metrics_writer *to)
{
	writer_count(to, PLACE_LABELS(place), place->view.slots);
}

static void write_records(const struct place *place, struct metrics_writer *to)
{
	const struct scan_counts *counts = &place->view.flows;

	writer_count(to, PLACE_LABELS(place, {"state", "unconfirmed"}), counts->unconfirmed);
	writer_count(to, PLACE_LABELS(place, {"state", "established"}), counts->established);
	writer_count(to, PLACE_LABELS(place, {"state", "closing"}), counts->closing);
}

void collect_backend_packets(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	each_place(from, to, write_packets);
}

void collect_backend_bytes(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	each_place(from, to, write_bytes);
}

void collect_backend_flows(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	each_place(from, to, write_flows);
}

void collect_backend_state(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	each_place(from, to, write_state);
}

void collect_backend_weight(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	each_place(from, to, write_weight);
}

void collect_backend_resolved(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	each_place(from, to, write_resolved);
}

void collect_backend_slots(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	each_place(from, to, write_slots);
}

void collect_backend_records(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	each_place(from, to, write_records);
}

/* ---- checks -------------------------------------------------------------------------------------------- */

typedef void check_fn(const struct health_view *view, const struct label *labels,
		      struct metrics_writer *to);

static void each_check(const struct metrics_snapshot *from, struct metrics_writer *to,
		       check_fn *write)
{
	struct health_view view;

	for (size_t i = 0; from->config && i < from->config->n_pools; i++) {
		const struct config_pool *pool = &from->config->pools[i];

		for (size_t j = 0; j < pool->n_backends; j++)
			if (health_view(from->source->health, pool->name, pool->backends[j].name,
					&view))
				write(&view,
				      LABELS({"pool", pool->name},
					     {"backend", pool->backends[j].name}),
				      to);
	}
}

static void write_up(const struct health_view *view, const struct label *labels,
		     struct metrics_writer *to)
{
	writer_count(to, labels, view->check->state == CHECK_UP);
}

static void write_successes(const struct health_view *view, const struct label *labels,
			    struct metrics_writer *to)
{
	writer_count(to, labels, view->check->successes);
}

static void write_failures(const struct health_view *view, const struct label *labels,
			   struct metrics_writer *to)
{
	writer_count(to, labels, view->check->failures);
}

static void write_duration(const struct health_view *view, const struct label *labels,
			   struct metrics_writer *to)
{
	writer_seconds(to, labels, view->last_ms);
}

void collect_check_up(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	each_check(from, to, write_up);
}

void collect_check_successes(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	each_check(from, to, write_successes);
}

void collect_check_failures(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	each_check(from, to, write_failures);
}

void collect_check_duration(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	each_check(from, to, write_duration);
}
