/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake_engine.h"

#include "base/memory.h"
#include "config/read.h"
#include "health/health.h"
#include "loader/loader.h"
#include "net/net.h"
#include "net/own.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <fcntl.h>
#include <string.h>

#define MAX 1000 /* ids */

struct engine {
	struct config *config; /* owned */
	struct world world;
	uint64_t generation;
	enum admin admins[MAX];
	int weights[MAX]; /* -1: the configuration's */
};

static struct engine engine;
static struct fake fake;

static int key(size_t pool, size_t backend)
{
	return pool * 100 + backend;
}

struct fake *fake_start(const char *text)
{
	struct sl_errors errors = {0};

	memset(&engine, 0, sizeof(engine));
	memset(&fake, 0, sizeof(fake));
	memset(engine.weights, -1, sizeof(engine.weights));
	world_init(&engine.world,
		   (struct world_size){.services = MAX, .backends = MAX, .chunks = 4});
	if (text && config_read("start", text, strlen(text), &engine.config, &errors)) {
		fputs(sl_errors_text(&errors), stderr);
		abort();
	}
	engine.generation = text ? 1 : 0;
	engine.world.backends[0] = (struct backend_entry){
		.state = BACKEND_UP,
		.family = 4,
		.service = 1,
		.addr_be = {htonl(0x0a00000b)},
	};
	engine.world.backends[1] = (struct backend_entry){.state = BACKEND_DRAINING};
	engine.world.backend_hold[2] = HOLD_SCAN;
	engine.world.services[1].word = SERVICE_WORD(0, 5, 0, 0, 0, 0);
	engine.world.chunk_hold[3] = HOLD_GRACE;
	engine.world.egress[7].ifindex = 2;
	fake.explanation = (struct explanation){
		.verdict = VERDICT_FORWARDED,
		.service = 1,
		.backend = 0,
		.slot = 9,
		.slot_word = SLOT(0, 7),
		.choice = CHOICE_RECORD,
		.hash = 0x0123456789abcdef,
		.record = FLOW_ENTRY(0x01234567, 0, 5, FLOW_ESTABLISHED),
	};
	return &fake;
}

void fake_forget(void)
{
	config_free(engine.config);
	engine.config = NULL;
	engine.generation = 0;
}

void fake_stop(void)
{
	config_free(engine.config);
	world_deinit(&engine.world);
}

struct api_context fake_context(void)
{
	static const struct config_interface interface = {.name = "eth0"};
	static const struct histogram lag = {.counts = {5, 1}, .sum_us = 1234};

	return (struct api_context){
		.engine = &engine,
		.health = (struct health *)&fake,
		.net = (struct net *)&fake,
		.loader = (struct loader *)&fake,
		.interfaces = &interface,
		.n_interfaces = 1,
		.lag = &lag,
	};
}

/* ---- engine.h ------------------------------------------------------------------------------------------ */

const char *engine_admin_word(enum admin admin)
{
	static const char *const words[] = {
#define X(name, word) word,
		ENGINE_ADMINS(X)
#undef X
	};

	return admin < ADMIN_COUNT ? words[admin] : "?";
}

int engine_preview(const struct engine *of, const struct config *desired,
		   struct engine_preview *ret_preview, struct sl_errors *errors)
{
	struct engine_preview preview = {0};

	if (fake.fail_preview)
		return sl_fail(errors, ENOSPC, "capacity.slots", "too few");
	config_diff(of->config, desired, &preview.changes);
	preview.plan.services = sl_calloc(desired->n_services, sizeof(*preview.plan.services));
	for (size_t i = 0; preview.changes.count && i < desired->n_services; i++)
		preview.plan.services[preview.plan.n_services++] = (struct plan_service){
			.vip = desired->services[i].vip,
			.port_be = htons(desired->services[i].port),
			.protocol = desired->services[i].protocol,
			.slots = 64,
			.slots_moved = 16,
		};
	for (size_t i = 0; i < preview.changes.count; i++)
		preview.restart |= preview.changes.list[i].restart;
	*ret_preview = preview;
	return 0;
}

void engine_preview_deinit(struct engine_preview *preview)
{
	config_changes_deinit(&preview->changes);
	free(preview->plan.services);
}

int engine_commit(struct engine *to, struct config *desired, uint64_t generation,
		  struct sl_errors *errors)
{
	if (fake.fail_commit)
		return sl_fail(errors, EIO, "program", "refused by the kernel");
	config_free(to->config);
	to->config = desired;
	to->generation = generation;
	fake.commits++;
	return 0;
}

void engine_renumber(struct engine *of, uint64_t generation)
{
	if (of->config)
		of->generation = generation;
}

int engine_set_admin(struct engine *of, const char *pool, const char *backend, enum admin admin,
		     struct sl_errors *errors)
{
	int number = config_find_pool(of->config, pool);

	of->admins[key(number, config_find_backend(&of->config->pools[number], backend))] = admin;
	return 0;
}

int engine_set_weight(struct engine *of, const char *pool, const char *backend, int weight,
		      struct sl_errors *errors)
{
	int number = config_find_pool(of->config, pool);

	of->weights[key(number, config_find_backend(&of->config->pools[number], backend))] = weight;
	return 0;
}

const struct config *engine_config(const struct engine *of)
{
	return of->config;
}

const struct world *engine_world(const struct engine *of)
{
	return &of->world;
}

struct dataplane *engine_dataplane(const struct engine *of)
{
	return (struct dataplane *)&fake;
}

uint64_t engine_generation(const struct engine *of)
{
	return of->generation;
}

uint64_t engine_committed_at(const struct engine *of)
{
	return of->config ? 1000000000 : 0;
}

static bool healthy(size_t backend)
{
	return !(fake.health_down && backend % 2);
}

void engine_backend(const struct engine *of, size_t service, size_t backend,
		    struct engine_backend *ret)
{
	static const enum backend_state states[] = {
		[ADMIN_READY] = BACKEND_UP,
		[ADMIN_DRAIN] = BACKEND_DRAINING,
		[ADMIN_DISABLED] = BACKEND_DOWN,
	};
	size_t pool = of->config->services[service].pool;
	int weight = of->weights[key(pool, backend)];
	uint16_t configured = of->config->pools[pool].backends[backend].weight;

	*ret = (struct engine_backend){
		.id = key(service, backend),
		.admin = of->admins[key(pool, backend)],
		.healthy = healthy(backend),
		.resolved = true,
		.weight = weight < 0 ? configured : weight,
		.configured_weight = configured,
		.slots = 32 + backend,
		.flows = {.unconfirmed = 1, .established = 2, .closing = 3},
	};
	ret->state = healthy(backend) ? states[ret->admin] : BACKEND_DOWN;
	if (ret->state == BACKEND_UP)
		return;
	ret->weight = ret->slots = 0;
	ret->flows = (struct scan_counts){.established = fake.draining_flows};
	fake.draining_flows -= fake.draining_flows > 0;
}

void engine_service(const struct engine *of, size_t service, struct engine_service *ret)
{
	size_t backends = of->config->pools[of->config->services[service].pool].n_backends;

	*ret = (struct engine_service){
		.id = service + 1, .slots = 64, .settled = 60, .moving = 3, .tail = 1};
	for (size_t i = 0; i < backends; i++) {
		struct engine_backend view;

		engine_backend(of, service, i, &view);
		ret->usable += view.state == BACKEND_UP;
	}
}

void engine_flows(const struct engine *of, struct engine_flows *ret)
{
	*ret = (struct engine_flows){.capacity = 1024, .records = 77, .scans = fake.scans++};
}

/* ---- dataplane.h --------------------------------------------------------------------------------------- */

int dataplane_verdicts(struct dataplane *of, struct verdict_counter ret[VERDICT_COUNT])
{
	for (int i = VERDICT_CONTINUE + 1; i < VERDICT_COUNT; i++)
		ret[i] = (struct verdict_counter){.packets = i % 3 ? 0 : i * 10, .bytes = i * 1000};
	return fake.fail_counters ? -EBADF : 0;
}

int dataplane_flow_events(struct dataplane *of, uint64_t ret[FLOW_EVENT_COUNT])
{
	for (int i = 0; i < FLOW_EVENT_COUNT; i++)
		ret[i] = 500 + i;
	return fake.fail_counters ? -EBADF : 0;
}

static int traffic(struct traffic_counter *ret, uint32_t count, uint64_t from)
{
	for (uint32_t i = 0; i < count; i++)
		ret[i] = (struct traffic_counter){from + i, (from + i) * 100, i};
	return fake.fail_counters ? -EBADF : 0;
}

int dataplane_service_traffic(struct dataplane *of, struct traffic_counter *ret, uint32_t count)
{
	return traffic(ret, count, 10000);
}

int dataplane_backend_traffic(struct dataplane *of, struct traffic_counter *ret, uint32_t count)
{
	return traffic(ret, count, 2000);
}

void dataplane_explanation(struct dataplane *of, struct explanation *ret)
{
	*ret = fake.explanation;
}

/* ---- health.h, net.h, loader.h --------------------------------------------------------------------------- */

bool health_view(const struct health *of, const char *pool, const char *backend,
		 struct health_view *ret)
{
	static struct check check;
	int number = config_find_pool(engine.config, pool);
	bool up = healthy(config_find_backend(&engine.config->pools[number], backend));

	if (engine.config->pools[number].check.type == CONFIG_CHECK_NONE)
		return false;
	check = (struct check){.state = up ? CHECK_UP : CHECK_DOWN, .successes = 40, .failures = 4};
	*ret = (struct health_view){&check, up ? "connected" : "connection refused", 12};
	return true;
}

/* One probe of TCP took 0.3 ms, another 7 s. */
const struct histogram *health_durations(const struct health *of, enum config_check type)
{
	static struct histogram histograms[CONFIG_CHECK_COUNT];
	struct histogram *histogram = &histograms[type];

	*histogram = (struct histogram){0};
	if (type == CONFIG_CHECK_TCP) {
		histogram_add(histogram, 300);
		histogram_add(histogram, 7000000);
	}
	return histogram;
}

struct address *net_own_addresses(size_t *ret_count)
{
	struct address *own = sl_calloc(1, sizeof(*own));

	address_parse(FAKE_OWN, own);
	*ret_count = 1;
	return own;
}

bool net_hop(const struct net *net, const struct address *address, struct net_hop *ret)
{
	*ret = (struct net_hop){.resolved = true, .ifindex = 2, .mtu = 1500, .interface = "eth0"};
	return true;
}

int loader_mode(struct loader *of, uint32_t interface, enum config_mode *ret_mode,
		struct sl_errors *errors)
{
	if (fake.fail_loader)
		return sl_fail(errors, EPIPE, "loader", "gone");
	*ret_mode = fake.detached ? CONFIG_MODE_COUNT : CONFIG_MODE_NATIVE;
	return 0;
}

int loader_left(struct loader *of, uint32_t interface, uint32_t *ret_ms, struct sl_errors *errors)
{
	*ret_ms = fake.detached ? 0 : fake.trial_ms;
	return 0;
}

/* Refuses as the real one does. */
int loader_attach(struct loader *of, uint32_t interface, uint32_t trial_ms,
		  struct sl_errors *errors)
{
	if (fake.fail_loader)
		return sl_fail(errors, EPIPE, "loader", "gone");
	if (trial_ms && !fake.detached && !fake.trial_ms)
		return sl_fail(errors, EEXIST, "interface eth0", "is attached for good");
	fake.detached = false;
	fake.trial_ms = trial_ms;
	return 0;
}

int loader_detach(struct loader *of, uint32_t interface, struct sl_errors *errors)
{
	fake.detached = true;
	return 0;
}

int loader_file(struct loader *of, enum loader_file which, int *ret_fd, struct sl_errors *errors)
{
	int fd = fake.files[which] ? open(fake.files[which], O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		return sl_fail(errors, ENOENT, "loader", "no such file");
	*ret_fd = fd;
	return 0;
}

int loader_log(struct loader *of, enum log_component component, enum log_level level,
	       struct sl_errors *errors)
{
	if (fake.fail_loader)
		return sl_fail(errors, EPIPE, "loader", "gone");
	fake.log_component = component;
	fake.log_level = level;
	return 0;
}

int loader_explain(struct loader *of, uint32_t interface, const void *frame, size_t size,
		   struct program_run *ret, struct sl_errors *errors)
{
	if (fake.fail_loader)
		return sl_fail(errors, EPIPE, "loader", "gone");
	memcpy(fake.frame, frame, size);
	fake.frame_size = size;
	*ret = (struct program_run){.action = XDP_TX, .size = size};
	memcpy(ret->frame, frame, size);
	return 0;
}
