/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * haproxy.cfg: what listens, as TCP services. Source: HAProxy's configuration manual.
 */
#include "import/haproxy.h"

#include <stdlib.h>
#include <string.h>

static const char layer7[] = "sluice reads no further than the TCP header";
static const char tls[] = "sluice speaks no TLS: the backends must";
static const char itself[] = "it is about HAProxy itself";
static const char times[] = "sluice ends no connections: clients and backends do";
static const char limits[] = "sluice has no limits on connections";
static const char checks[] = "checks of sluice are a TCP connection or one GET, at one interval";
static const char rules[] = "sluice has no rules on connections";

static const struct reason reasons[] = {
	{"global", itself},
	{"defaults", "no proxy that is taken over uses it"},
	{"backend", "no service leads to it"},
	{"peers", "sluice shares no tables"},
	{"program", itself},
	{"userlist", layer7},
	{"cache", layer7},
	{"http-errors", layer7},
	{"fcgi-app", layer7},
	{"log", "sluice logs no connections"},
	{"option", "it is a matter of HAProxy's connections"},
	{"timeout", times},
	{"mode", "the proxies that use it say their own"},
	{"balance", "the proxies that use it say their own"},
	{"default_backend", "the proxies that use it say their own"},
	{"acl", rules},
	{"use_backend", "sluice chooses a pool by VIP, protocol and port alone"},
	{"use-server", "sluice chooses a pool by VIP, protocol and port alone"},
	{"redirect", layer7},
	{"http-request", layer7},
	{"http-response", layer7},
	{"http-after-response", layer7},
	{"http-reuse", layer7},
	{"http-send-name-header", layer7},
	{"http-check", checks},
	{"tcp-check", checks},
	{"tcp-request", rules},
	{"tcp-response", rules},
	{"stick", "sluice has no stick tables; algorithm: source-hash keeps a client's backend"},
	{"stick-table",
	 "sluice has no stick tables; algorithm: source-hash keeps a client's backend"},
	{"compression", layer7},
	{"filter", layer7},
	{"errorfile", layer7},
	{"errorloc", layer7},
	{"cookie", layer7},
	{"capture", layer7},
	{"monitor-uri", layer7},
	{"stats", "sluice shows its state by sluicectl and /metrics"},
	{"maxconn", limits},
	{"minconn", limits},
	{"maxqueue", limits},
	{"fullconn", limits},
	{"retries", times},
	{"ssl", tls},
	{"crt", tls},
	{"verify", tls},
	{"alpn", tls},
	{"check-ssl", "checks of sluice speak no TLS"},
	{"fastinter", checks},
	{"downinter", checks},
	{"addr", "sluice checks a backend at its own address"},
	{"send-proxy", "packets arrive with the client's address: no PROXY protocol is needed"},
	{"send-proxy-v2", "packets arrive with the client's address: no PROXY protocol is needed"},
	{"accept-proxy", "sluice speaks no PROXY protocol"},
	{"source", "packets arrive with the client's address"},
	{"socks4", "sluice speaks no SOCKS"},
	{"slowstart", "a backend of sluice gets its whole share at once"},
	{"server-template", "sluice takes addresses, not names"},
	{"name", "a service has the name of its proxy"},
	{NULL, NULL},
};

static const struct balance {
	const char *word, *algorithm, *differs;
} balances[] = {
	{"roundrobin", "weighted-round-robin", NULL},
	{"static-rr", "weighted-round-robin", NULL},
	{"source", "source-hash", NULL},
	{"leastconn", "weighted-round-robin",
	 "weighted-round-robin: turns by weight, connections are not counted"},
	{"first", "maglev", "maglev: all backends share"},
	{"random", "maglev", "maglev: by addresses and ports, loads are not compared"},
};

/* ---- proxies ------------------------------------------------------------------------------------------- */

static struct statement *last_of(const struct statement *section, const char *first)
{
	for (size_t i = section ? section->n_children : 0; i-- > 0;)
		if (word_is(section->children[i], 0, first))
			return section->children[i];
	return NULL;
}

struct statement *haproxy_setting(const struct proxy *proxy, const char *first)
{
	struct statement *own = last_of(proxy->section, first);

	return own ? own : last_of(proxy->defaults, first);
}

static void change(struct haproxy_reader *reader, const struct statement *statement,
		   const char *why)
{
	if (why)
		source_change(&reader->imported->arena, &reader->imported->notes, statement, NULL,
			      why);
}

static void use_section(struct statement *section)
{
	if (!section)
		return;
	word_use(section, 0);
	word_use(section, 1);
	if (word_is(section, 2, "from")) {
		word_use(section, 2);
		word_use(section, 3);
	}
}

static void read_balance(struct haproxy_reader *reader, struct proxy *proxy)
{
	struct statement *statement = haproxy_setting(proxy, "balance");

	proxy->algorithm = "weighted-round-robin";
	if (!statement)
		return;
	word_use(statement, 0);
	word_use(statement, 1);
	for (size_t i = 0; i < sizeof(balances) / sizeof(*balances); i++)
		if (word_is(statement, 1, balances[i].word)) {
			proxy->algorithm = balances[i].algorithm;
			change(reader, statement, balances[i].differs);
			return;
		}
	proxy->algorithm = "maglev";
	change(reader, statement, "maglev: by addresses and ports, not by what a request says");
}

static int read_backend(struct haproxy_reader *reader, struct proxy *proxy)
{
	if (proxy->pool_read)
		return 0;
	proxy->pool_read = true;
	proxy->pool.name = word_at(proxy->section, 1);
	use_section(proxy->section);
	use_section(proxy->defaults);
	read_balance(reader, proxy);
	return haproxy_read_pool(reader, proxy);
}

/* Which backend a proxy's connections go to if no rule says otherwise; NULL: none. */
static struct statement *find_target(const struct proxy *proxy)
{
	for (size_t i = 0; i < proxy->section->n_children; i++) {
		struct statement *statement = proxy->section->children[i];

		if (word_is(statement, 0, "use_backend") && statement->n_words == 2)
			return statement;
	}
	return haproxy_setting(proxy, "default_backend");
}

/* ---- services ------------------------------------------------------------------------------------------ */

static const char *add_services(struct haproxy_reader *reader, const struct proxy *front,
				const struct proxy *back, const struct endpoint *endpoint,
				bool alone)
{
	struct arena *arena = &reader->imported->arena;
	const char *name = word_at(front->section, 1);
	bool any = endpoint->first == 1 && endpoint->last == 65535;
	bool single = alone && (any || endpoint->first == endpoint->last);
	const char *why = NULL;

	for (unsigned port = endpoint->first; !why && port <= (any ? 1 : endpoint->last); port++) {
		struct imported_service service = {
			.vip = endpoint->vip,
			.port = any ? 0 : port,
			.algorithm = back->algorithm,
			.forward = "ipip",
			.statement = endpoint->bind,
			.name = single ? name : arena_printf(arena, "%.55s-%u", name, port),
		};

		why = imported_add_service(reader->imported, &service, &back->pool);
	}
	return why;
}

static void take_endpoints(struct haproxy_reader *reader, const struct proxy *front,
			   const struct proxy *back, const struct endpoints *endpoints)
{
	struct imported *imported = reader->imported;

	for (size_t i = 0; i < endpoints->count; i++) {
		struct statement *bind = endpoints->list[i].bind;
		const char *why = add_services(reader, front, back, &endpoints->list[i],
					       endpoints->count == 1);

		word_use(bind, 0);
		word_use(bind, 1);
		if (why)
			source_lose(&imported->arena, &imported->notes, bind, NULL, why);
	}
}

/* Of a bind with several addresses, some may be lost. */
static void note_parts(struct haproxy_reader *reader, const struct proxy *front)
{
	for (size_t i = 0; i < front->section->n_children; i++) {
		const struct statement *bind = front->section->children[i];

		if (word_is(bind, 0, "bind") && bind->n_words > 1 && !bind->why &&
		    bind->words[1].why)
			source_lose(&reader->imported->arena, &reader->imported->notes, bind,
				    "a part of it", bind->words[1].why);
	}
}

/* ---- frontends ----------------------------------------------------------------------------------------- */

static void read_mode(struct haproxy_reader *reader, const struct proxy *proxy)
{
	struct statement *mode = haproxy_setting(proxy, "mode");

	if (!mode)
		return;
	source_use_all(mode);
	if (word_is(mode, 1, "http"))
		change(reader, mode, "TCP: nothing of HTTP is read, changed or answered");
}

static bool has_servers(const struct proxy *proxy)
{
	return last_of(proxy->section, "server") != NULL;
}

static int read_front(struct haproxy_reader *reader, struct proxy *front)
{
	struct endpoints endpoints = {.why = "it listens nowhere"};
	struct statement *target = has_servers(front) ? NULL : find_target(front);
	struct proxy *back = front;

	if (target)
		back = *map_at(&reader->imported->arena, &reader->backends, word_at(target, 1));
	if (!back || !has_servers(back)) {
		front->section->why = target ? "the backend that it leads to has no servers"
					     : "it leads to no servers without a condition";
		return 0;
	}
	for (size_t i = 0; i < front->section->n_children; i++)
		if (word_is(front->section->children[i], 0, "bind"))
			haproxy_read_bind(reader, front->section->children[i], &endpoints);
	if (!endpoints.count) {
		front->section->why = endpoints.why;
		return 0;
	}
	use_section(front->section);
	use_section(front->defaults);
	if (target)
		source_use_all(target);
	read_mode(reader, front);
	read_mode(reader, back);
	if (read_backend(reader, back))
		return -1;
	note_parts(reader, front);
	take_endpoints(reader, front, back, &endpoints);
	return 0;
}

static struct proxy *add_proxy(struct haproxy_reader *reader, struct statement *section,
			       struct statement *defaults)
{
	struct proxy *proxy = arena_alloc(&reader->imported->arena, sizeof(*proxy));

	proxy->section = section;
	proxy->defaults = defaults;
	if (word_is(section, 2, "from"))
		proxy->defaults =
			*map_at(&reader->imported->arena, &reader->defaults, word_at(section, 3));
	if (!word_is(section, 0, "frontend"))
		*map_at(&reader->imported->arena, &reader->backends, word_at(section, 1)) = proxy;
	return proxy;
}

static int read(struct imported *imported, const struct import_input *input,
		struct import_error *error)
{
	struct haproxy_reader reader = {.imported = imported, .input = input, .error = error};
	struct statement *root = &imported->source, *defaults = NULL;
	struct proxy **fronts;
	size_t n_fronts = 0;

	if (haproxy_parse(imported, input, error))
		return -1;
	fronts = arena_alloc(&imported->arena, root->n_children * sizeof(*fronts));
	for (size_t i = 0; i < root->n_children; i++) {
		struct statement *section = root->children[i];
		const char *first = word_at(section, 0);
		bool front = !strcmp(first, "frontend") || !strcmp(first, "listen");

		if (!strcmp(first, "defaults")) {
			defaults = section;
			*map_at(&imported->arena, &reader.defaults, word_at(section, 1)) = section;
		} else if (front || !strcmp(first, "backend")) {
			struct proxy *proxy = add_proxy(&reader, section, defaults);

			if (section->n_words < 2)
				return import_fail(error, section->line, "%s needs a name", first);
			if (front)
				fronts[n_fronts++] = proxy;
		}
	}
	for (size_t i = 0; i < n_fronts; i++)
		if (read_front(&reader, fronts[i]))
			return -1;
	return 0;
}

const struct import_format import_haproxy = {"haproxy", read, reasons};
