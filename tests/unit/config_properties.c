/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What holds for every config: it reads back as it was written, and it doesn't differ from itself.
 * The configs are built here, member by member, and compared here, so that a row that is missing in
 * the tables is seen.
 */
#include "base/memory.h"
#include "config/diff.h"
#include "config/read.h"
#include "config/write.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <jansson.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 2000

/* ---- random configs -------------------------------------------------------------------------- */

static uint64_t state; /* xorshift64 */

static uint64_t draw(uint64_t from, uint64_t to)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return from + state % (to - from + 1);
}

static bool chance(unsigned percent)
{
	return draw(1, 100) <= percent;
}

/* Awkward beginnings; the number makes it unique. */
static void draw_name(char *name, size_t i)
{
	static const char *const begins[] = {"web", "null", "-",	".", ":",
					     "0",   "yes",  "a.b:c_d-", "1e"};

	sprintf(name, "%s%zu", begins[draw(0, sl_count(begins) - 1)], i);
}

static struct address draw_address(unsigned family, size_t i)
{
	struct address address = {.family = family};

	if (family == 4) {
		address.word_be[0] = htonl(0x0a000001 + i);
	} else {
		address.word_be[0] = htonl(0x20010db8);
		address.word_be[2] = chance(50) ? htonl(draw(0, UINT32_MAX)) : 0;
		address.word_be[3] = htonl(1 + i);
	}
	return address;
}

static char *draw_text(const char *alphabet, const char *begin)
{
	char text[20] = {0};

	for (size_t i = 0, length = draw(1, sizeof(text) - 1); i < length; i++)
		text[i] = alphabet[draw(0, strlen(alphabet) - 1)];
	return sl_printf("%s%s", begin, text);
}

static void draw_check(struct config_health *check)
{
	check->type = draw(0, CONFIG_CHECK_COUNT - 1);
	if (check->type == CONFIG_CHECK_NONE)
		return;
	check->port = draw(1, 65535);
	check->interval_ms = chance(50) ? draw(100, 3600000) : draw(1, 3600) * 1000;
	check->timeout_ms = draw(10, check->interval_ms);
	check->rise = draw(1, 100);
	check->fall = draw(1, 100);
	if (check->type != CONFIG_CHECK_HTTP)
		return;
	check->path = draw_text("az09/?&=\"\\'%:{}[],", "/");
	check->host = chance(50) ? draw_text("az09.-:[]_", "") : NULL;
	check->expect_first = draw(100, 599);
	check->expect_last = draw(check->expect_first, 599);
}

static void draw_pool(struct config_pool *pool, size_t i)
{
	draw_name(pool->name, i);
	draw_check(&pool->check);
	pool->n_backends = draw(0, 5);
	pool->backends = sl_calloc(pool->n_backends, sizeof(*pool->backends));
	for (size_t j = 0; j < pool->n_backends; j++) {
		struct config_backend *backend = &pool->backends[j];

		draw_name(backend->name, j);
		backend->address = draw_address(chance(70) ? 4 : 6, j);
		backend->weight = draw(0, CONFIG_WEIGHT_MAX);
	}
}

static bool all_of_family(const struct config_pool *pool, unsigned family)
{
	for (size_t i = 0; i < pool->n_backends; i++)
		if (pool->backends[i].address.family != family)
			return false;
	return true;
}

static void draw_service(const struct config *config, struct config_service *service, size_t i)
{
	bool turns;

	draw_name(service->name, i);
	service->vip = draw_address(chance(50) ? 4 : 6, i);
	service->protocol = chance(50) ? IPPROTO_TCP : IPPROTO_UDP;
	service->port = chance(20) ? 0 : draw(1, 65535);
	service->pool = draw(0, config->n_pools - 1);
	service->algorithm = draw(0, ALGORITHM_COUNT - 1);
	service->source_bits = service->vip.family == 4 ? 32 : 128;
	if (service->algorithm == ALGORITHM_SOURCE_HASH)
		service->source_bits = draw(1, service->source_bits);
	turns = service->algorithm == ALGORITHM_ROUND_ROBIN ||
		service->algorithm == ALGORITHM_WEIGHTED_ROUND_ROBIN;
	service->tracking = turns ? TRACKING_ALL : draw(0, TRACKING_COUNT - 1);
	service->forward =
		all_of_family(&config->pools[service->pool], service->vip.family) && chance(50)
			? FORWARD_L2
			: FORWARD_IPIP;
	service->when_empty = draw(0, WHEN_EMPTY_COUNT - 1);
	service->drain_ms = draw(1000, 4 * 3600000);
	service->udp_grace_ms = draw(0, service->drain_ms);
	service->mode = draw(0, SERVICE_MODE_COUNT - 1);
}

static void draw_roles(struct config_api *api)
{
	api->others = draw(0, SLUICE_ROLE_COUNT - 1);
	api->n_roles = draw(0, 3);
	api->roles = sl_calloc(api->n_roles, sizeof(*api->roles));
	for (size_t i = 0; i < api->n_roles; i++) {
		sprintf(api->roles[i].who, "%s:a-%u", chance(50) ? "user" : "group", (unsigned)i);
		api->roles[i].role = draw(0, SLUICE_ROLE_COUNT - 1);
	}
	api->rate = draw(1, 10000);
	api->burst = draw(1, 10000);
}

/* Without TLS on loopback only. */
static void draw_listen(struct config_api *api)
{
	if (chance(50)) {
		api->certificate = draw_text("az/. '~", "/");
		api->key = draw_text("az/. '~", "/");
	}
	if (chance(40))
		return;
	api->listen.family = 4;
	api->listen.word_be[0] = htonl(api->key ? draw(0, 0xdfffffff) : 0x7f000002);
	api->listen_port = draw(1, 65535);
}

static void draw_globals(struct config *config)
{
	config->capacity = (struct config_capacity){
		.services = draw(10, 65536),
		.backends = draw(100, 65535),
		.slots = draw(16, 1 << 22) * 16,
		.flows = 1u << draw(10, 26),
	};
	config->api.socket = draw_text("az/. \"\\#:", "/");
	if (chance(60)) {
		config->api.metrics.family = chance(50) ? 4 : 6;
		config->api.metrics.word_be[0] =
			config->api.metrics.family == 4 ? htonl(0x7f000001) : 0;
		config->api.metrics.word_be[3] = config->api.metrics.family == 6 ? htonl(1) : 0;
		config->api.metrics_port = draw(1, 65535);
	}
	config->api.view_socket = chance(50) ? draw_text("az/. \"#:", "/v") : NULL;
	config->api.tokens = draw_text("az/. '~", "/");
	draw_roles(&config->api);
	draw_listen(&config->api);
	config->hash_key_file = draw_text("az/. '~", "/");
	config->outer4.address.family = 4;
	config->outer4.address.word_be[0] = htonl(draw(1, 255) << 24);
	config->outer4.bits = draw(8, 32);
	config->outer6.address.family = 6;
	config->outer6.address.word_be[0] = htonl(draw(1, UINT32_MAX));
	config->outer6.bits = draw(32, 128);
}

static struct config *random_config(void)
{
	struct config *config = sl_calloc(1, sizeof(*config));

	draw_globals(config);
	config->n_interfaces = draw(1, 3);
	config->interfaces = sl_calloc(config->n_interfaces, sizeof(*config->interfaces));
	for (size_t i = 0; i < config->n_interfaces; i++) {
		sprintf(config->interfaces[i].name, "%s%u", chance(50) ? "eth" : "\"~'",
			(unsigned)i);
		config->interfaces[i].attach = draw(0, CONFIG_ATTACH_COUNT - 1);
		config->interfaces[i].mode = draw(0, CONFIG_MODE_COUNT - 1);
	}
	config->n_pools = draw(0, 4);
	config->pools = sl_calloc(config->n_pools, sizeof(*config->pools));
	for (size_t i = 0; i < config->n_pools; i++)
		draw_pool(&config->pools[i], i);
	config->n_services = config->n_pools ? draw(0, 5) : 0;
	config->services = sl_calloc(config->n_services, sizeof(*config->services));
	for (size_t i = 0; i < config->n_services; i++)
		draw_service(config, &config->services[i], i);
	return config;
}

/* ---- equality -------------------------------------------------------------------------------- */

#define EQUAL(member)	      ((a->member) == (b->member))
#define EQUAL_TEXT(member)    same_text(a->member, b->member)
#define EQUAL_ADDRESS(member) address_equal(&a->member, &b->member)

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool checks_equal(const struct config_health *a, const struct config_health *b)
{
	return EQUAL(type) && EQUAL(port) && EQUAL_TEXT(path) && EQUAL_TEXT(host) &&
	       EQUAL(expect_first) && EQUAL(expect_last) && EQUAL(interval_ms) &&
	       EQUAL(timeout_ms) && EQUAL(rise) && EQUAL(fall);
}

static bool backends_equal(const struct config_backend *a, const struct config_backend *b)
{
	return EQUAL_TEXT(name) && EQUAL_ADDRESS(address) && EQUAL(weight);
}

static bool pools_equal(const struct config_pool *a, const struct config_pool *b)
{
	if (!EQUAL_TEXT(name) || !EQUAL(n_backends) || !checks_equal(&a->check, &b->check))
		return false;
	for (size_t i = 0; i < a->n_backends; i++)
		if (!backends_equal(&a->backends[i], &b->backends[i]))
			return false;
	return true;
}

static bool services_equal(const struct config_service *a, const struct config_service *b)
{
	return EQUAL_TEXT(name) && EQUAL_ADDRESS(vip) && EQUAL(protocol) && EQUAL(port) &&
	       EQUAL(pool) && EQUAL(algorithm) && EQUAL(source_bits) && EQUAL(forward) &&
	       EQUAL(tracking) && EQUAL(when_empty) && EQUAL(drain_ms) && EQUAL(udp_grace_ms) &&
	       EQUAL(mode);
}

static bool interfaces_equal(const struct config_interface *a, const struct config_interface *b)
{
	return EQUAL_TEXT(name) && EQUAL(attach) && EQUAL(mode);
}

static bool roles_equal(const struct config_api *a, const struct config_api *b)
{
	if (!EQUAL(n_roles))
		return false;
	for (size_t i = 0; i < a->n_roles; i++)
		if (strcmp(a->roles[i].who, b->roles[i].who) ||
		    a->roles[i].role != b->roles[i].role)
			return false;
	return true;
}

static bool globals_equal(const struct config *a, const struct config *b)
{
	return EQUAL(capacity.services) && EQUAL(capacity.backends) && EQUAL(capacity.slots) &&
	       EQUAL(capacity.flows) && EQUAL_TEXT(api.socket) && EQUAL_ADDRESS(api.metrics) &&
	       EQUAL(api.metrics_port) && EQUAL_TEXT(api.view_socket) && EQUAL_TEXT(api.tokens) &&
	       EQUAL(api.others) && EQUAL(api.rate) && EQUAL(api.burst) &&
	       EQUAL_TEXT(api.certificate) && EQUAL_TEXT(api.key) && EQUAL_ADDRESS(api.listen) &&
	       EQUAL(api.listen_port) && roles_equal(&a->api, &b->api) &&
	       EQUAL_TEXT(hash_key_file) && EQUAL_ADDRESS(outer4.address) && EQUAL(outer4.bits) &&
	       EQUAL_ADDRESS(outer6.address) && EQUAL(outer6.bits);
}

static bool configs_equal(const struct config *a, const struct config *b)
{
	if (!globals_equal(a, b) || !EQUAL(n_interfaces) || !EQUAL(n_pools) || !EQUAL(n_services))
		return false;
	for (size_t i = 0; i < a->n_interfaces; i++)
		if (!interfaces_equal(&a->interfaces[i], &b->interfaces[i]))
			return false;
	for (size_t i = 0; i < a->n_pools; i++)
		if (!pools_equal(&a->pools[i], &b->pools[i]))
			return false;
	for (size_t i = 0; i < a->n_services; i++)
		if (!services_equal(&a->services[i], &b->services[i]))
			return false;
	return true;
}

/* ---- properties ------------------------------------------------------------------------------ */

static struct config *reread(const char *text)
{
	struct config *config = NULL;
	struct sl_errors errors = {0};
	int failed = config_read("written", text, strlen(text), &config, &errors);
	_cleanup_free_ char *errors_text = sl_errors_text(&errors);

	sl_errors_deinit(&errors);
	cr_assert(!failed, "%s%s", errors_text, text);
	return config;
}

static void expect_round_trip(char *(*write)(const struct config *config))
{
	for (uint64_t round = 1; round <= ROUNDS; round++) {
		_cleanup_config_ struct config *config = NULL, *again = NULL;
		_cleanup_free_ char *text = NULL;

		state = round * 0x9e3779b97f4a7c15;
		config = random_config();
		text = write(config);
		again = reread(text);
		cr_assert(configs_equal(config, again), "round %lu:\n%s", round, text);
	}
}

Test(config_properties, what_is_written_is_read_as_it_was)
{
	expect_round_trip(config_write);
}

Test(config_properties, what_is_written_as_json_is_read_as_it_was)
{
	expect_round_trip(config_write_json);
}

/* To another reader than ours, too. */
Test(config_properties, json_is_json)
{
	for (uint64_t round = 1; round <= ROUNDS; round++) {
		_cleanup_config_ struct config *config = NULL;
		_cleanup_free_ char *text = NULL;
		json_error_t error;
		json_t *object;

		state = round;
		config = random_config();
		text = config_write_json(config);
		object = json_loads(text, JSON_REJECT_DUPLICATES, &error);
		cr_assert(object, "%d: %s\n%s", error.line, error.text, text);
		cr_assert(json_is_integer(
			json_object_get(json_object_get(object, "capacity"), "flows")));
		json_decref(object);
	}
}

static size_t count_changes(const struct config *a, const struct config *b)
{
	struct config_changes changes;
	size_t count;

	config_diff(a, b, &changes);
	count = changes.count;
	config_changes_deinit(&changes);
	return count;
}

Test(config_properties, a_config_does_not_differ_from_itself)
{
	for (uint64_t round = 1; round <= ROUNDS; round++) {
		_cleanup_config_ struct config *config = NULL, *twin = NULL;

		state = round;
		config = random_config();
		state = round;
		twin = random_config();
		cr_assert_eq(count_changes(config, config), 0);
		cr_assert_eq(count_changes(config, twin), 0);
		cr_assert_gt(count_changes(NULL, config), 0);
	}
}

static bool is_mirrored(const struct config_change *a, const struct config_change *b)
{
	static const enum config_change_kind mirror[] = {
		[CONFIG_ADDED] = CONFIG_REMOVED,
		[CONFIG_REMOVED] = CONFIG_ADDED,
		[CONFIG_CHANGED] = CONFIG_CHANGED,
	};

	return b->kind == mirror[a->kind] && same_text(a->path, b->path) &&
	       same_text(a->before, b->after) && same_text(a->after, b->before) &&
	       a->restart == b->restart;
}

Test(config_properties, the_way_back_is_the_mirror_of_the_way_there)
{
	for (uint64_t round = 1; round <= ROUNDS; round++) {
		_cleanup_config_ struct config *a = NULL, *b = NULL;
		struct config_changes there, back;

		state = round;
		a = random_config();
		b = random_config();
		config_diff(a, b, &there);
		config_diff(b, a, &back);
		cr_assert_eq(there.count, back.count);
		for (size_t i = 0; i < there.count; i++)
			cr_assert(is_mirrored(&there.list[i], &back.list[i]), "%s",
				  there.list[i].path);
		config_changes_deinit(&there);
		config_changes_deinit(&back);
	}
}
