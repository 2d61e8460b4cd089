/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The servers of a HAProxy backend: `server NAME ADDRESS[:PORT] [PARAMETER...]`, with what
 * default-server says before.
 */
#include "import/haproxy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_WEIGHT 1
#define WEIGHT_MAX     256
#define NO_NAMES       "sluice takes addresses, not names"

struct parameters {
	unsigned weight;
	bool check, backup, disabled;
	unsigned port; /* of the check */
	uint64_t interval_ms;
	unsigned rise, fall;
};

/* Parameters that a value follows, which could look like a parameter itself. */
static const char *const valued[] = {
	"addr",
	"agent-addr",
	"agent-inter",
	"agent-port",
	"agent-send",
	"alpn",
	"ca-file",
	"check-alpn",
	"check-proto",
	"check-sni",
	"ciphers",
	"ciphersuites",
	"cookie",
	"crl-file",
	"crt",
	"downinter",
	"error-limit",
	"fastinter",
	"id",
	"init-addr",
	"log-proto",
	"max-reuse",
	"maxconn",
	"maxqueue",
	"minconn",
	"namespace",
	"npn",
	"observe",
	"on-error",
	"on-marked-down",
	"on-marked-up",
	"pool-low-conn",
	"pool-max-conn",
	"pool-purge-delay",
	"proto",
	"proxy-v2-options",
	"redir",
	"resolve-net",
	"resolve-opts",
	"resolve-prefer",
	"resolvers",
	"shard",
	"slowstart",
	"sni",
	"socks4",
	"source",
	"ssl-max-ver",
	"ssl-min-ver",
	"tcp-ut",
	"track",
	"usesrc",
	"verify",
	"verifyhost",
	"ws",
};

static bool takes_value(const char *word)
{
	for (size_t i = 0; i < sizeof(valued) / sizeof(*valued); i++)
		if (!strcmp(valued[i], word))
			return true;
	return false;
}

bool haproxy_time(const char *text, uint64_t *ret_ms)
{
	static const struct {
		const char *unit;
		double ms;
	} units[] = {{"", 1},	 {"us", 0.001}, {"ms", 1},    {"s", 1e3},
		     {"m", 6e4}, {"h", 3.6e6},	{"d", 8.64e7}};
	size_t digits = strspn(text, "0123456789");

	if (!digits || digits > 10)
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (!strcmp(text + digits, units[i].unit)) {
			*ret_ms = ceil(strtoull(text, NULL, 10) * units[i].ms);
			return *ret_ms > 0;
		}
	return false;
}

bool haproxy_has_variable(const char *text)
{
	return strchr(text, '$') != NULL;
}

static bool read_flag(const char *word, struct parameters *parameters)
{
	if (!strcmp(word, "check"))
		parameters->check = true;
	else if (!strcmp(word, "no-check"))
		parameters->check = false;
	else if (!strcmp(word, "backup"))
		parameters->backup = true;
	else if (!strcmp(word, "no-backup"))
		parameters->backup = false;
	else if (!strcmp(word, "disabled"))
		parameters->disabled = true;
	else if (!strcmp(word, "enabled"))
		parameters->disabled = false;
	else
		return false;
	return true;
}

static bool read_value(const char *word, const char *value, struct parameters *parameters)
{
	if (!strcmp(word, "weight"))
		return number_parse(value, WEIGHT_MAX, &parameters->weight);
	if (!strcmp(word, "port"))
		return number_parse(value, 65535, &parameters->port);
	if (!strcmp(word, "inter"))
		return haproxy_time(value, &parameters->interval_ms);
	if (!strcmp(word, "rise"))
		return number_parse(value, 1000000, &parameters->rise);
	return !strcmp(word, "fall") && number_parse(value, 1000000, &parameters->fall);
}

static void read_parameters(struct statement *statement, size_t i, struct parameters *parameters)
{
	for (; i < statement->n_words; i++) {
		const char *word = word_at(statement, i);

		if (takes_value(word)) {
			i++;
		} else if (read_flag(word, parameters)) {
			word_use(statement, i);
		} else if (read_value(word, word_at(statement, i + 1), parameters)) {
			word_use(statement, i++);
			word_use(statement, i);
		}
	}
}

/* default-server lines of one section. */
static void read_defaults(const struct statement *section, struct parameters *parameters)
{
	for (size_t i = 0; i < (section ? section->n_children : 0); i++) {
		struct statement *statement = section->children[i];

		if (!word_is(statement, 0, "default-server"))
			continue;
		word_use(statement, 0);
		read_parameters(statement, 1, parameters);
	}
}

/* NULL, or why the server can't be a backend. */
static const char *read_address(const struct statement *statement, struct imported_backend *backend)
{
	const char *text = word_at(statement, 2);

	if (haproxy_has_variable(text))
		return "environment variables are not looked up: put in what they stand for";
	if (strchr(text, '@')) {
		if (strncmp(text, "ipv4@", 5) && strncmp(text, "ipv6@", 5))
			return "it is no address on a network";
		text += 5;
	}
	if (text[0] == '/')
		return "it is no address on a network";
	/* In HAProxy the last colon stands before the port, brackets or not. */
	if (text[0] != '[' && strchr(text, ':') && strchr(text, ':') != strrchr(text, ':')) {
		const char *colon = strrchr(text, ':');

		return host_parse(text, colon - text, &backend->host) &&
				       number_parse(colon + 1, 65535, &backend->port)
			       ? NULL
			       : NO_NAMES;
	}
	return place_parse(text, &backend->host, &backend->port) ? NULL : NO_NAMES;
}

static void note_check(struct haproxy_reader *reader, struct imported_check *check,
		       const struct parameters *parameters, struct statement *statement)
{
	const char *why = NULL;

	if (check->statement && !parameters->check)
		why = "checked as the others: a pool has one check for all";
	else if (check->statement &&
		 (parameters->port != check->port || parameters->rise != check->rise ||
		  parameters->fall != check->fall || parameters->interval_ms != check->interval_ms))
		why = "checked as the first server: a pool has one check for all";
	if (why)
		source_change(&reader->imported->arena, &reader->imported->notes, statement, NULL,
			      why);
	if (check->statement || !parameters->check)
		return;
	check->statement = statement;
	check->port = parameters->port;
	check->rise = parameters->rise;
	check->fall = parameters->fall;
	check->interval_ms = parameters->interval_ms;
}

static void read_server(struct haproxy_reader *reader, struct proxy *proxy,
			struct statement *statement, struct parameters parameters)
{
	struct imported_backend backend = {.statement = statement, .name = word_at(statement, 1)};
	struct imported *imported = reader->imported;

	read_parameters(statement, 3, &parameters);
	statement->why = parameters.backup ? "all backends of sluice share, none only stands by"
					   : read_address(statement, &backend);
	if (statement->why)
		return;
	for (size_t i = 0; i < 3; i++)
		word_use(statement, i);
	backend.weight = parameters.disabled ? 0 : parameters.weight;
	statement->why = imported_add_backend(imported, &proxy->pool, &backend);
	if (statement->why)
		return;
	if (parameters.disabled)
		source_change(&imported->arena, &imported->notes, statement, NULL,
			      "disabled: weight 0, so it gets no new flows");
	note_check(reader, &proxy->pool.check, &parameters, statement);
}

/* A server before the first with a check is checked as well. */
static void note_unchecked(struct haproxy_reader *reader, const struct proxy *proxy)
{
	const struct imported_pool *pool = &proxy->pool;

	for (size_t i = 0; i < pool->n_backends; i++) {
		if (pool->backends[i].statement == pool->check.statement)
			return;
		source_change(&reader->imported->arena, &reader->imported->notes,
			      pool->backends[i].statement, NULL,
			      "checked as the others: a pool has one check for all");
	}
}

int haproxy_read_pool(struct haproxy_reader *reader, struct proxy *proxy)
{
	const struct statement *section = proxy->section;
	struct parameters parameters = {.weight = DEFAULT_WEIGHT};

	read_defaults(proxy->defaults, &parameters);
	read_defaults(section, &parameters);
	for (size_t i = 0; i < section->n_children; i++) {
		struct statement *statement = section->children[i];

		if (!word_is(statement, 0, "server"))
			continue;
		if (statement->n_words < 3)
			return import_fail(reader->error, statement->line,
					   "server needs a name and an address");
		read_server(reader, proxy, statement, parameters);
	}
	if (!proxy->pool.check.statement)
		return 0;
	note_unchecked(reader, proxy);
	haproxy_read_check(reader, proxy, &proxy->pool.check);
	return 0;
}
