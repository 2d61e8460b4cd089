/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * keepalived.conf: its virtual servers. Source: keepalived.conf(5).
 */
#include "import/keepalived.h"
#include "import/ipvs.h"

#include <stdlib.h>
#include <string.h>

#define DELAY_LOOP_MS 60000 /* keepalived's, if none is given */

struct reader {
	struct imported *imported;
	struct import_error *error;
	struct map groups; /* name to statement */
};

/* What a virtual server's block says. */
struct server {
	struct statement *statement;
	struct imported_service service;
	struct imported_pool pool;
	struct keepalived_common common;
	const char *why; /* it is not taken over */
	bool has_check, has_forward;
};

static void change(struct reader *reader, const struct statement *statement, const char *why)
{
	if (why)
		source_change(&reader->imported->arena, &reader->imported->notes, statement, NULL,
			      why);
}

static bool has_variable(const char *text)
{
	return strchr(text, '$') != NULL;
}

/* ---- real servers -------------------------------------------------------------------------------------- */

static int read_method(struct reader *reader, struct server *server, struct statement *statement)
{
	const struct ipvs_method *method = ipvs_find_method(word_at(statement, 1));
	const char *differs;

	if (!method)
		return import_fail(reader->error, statement->line,
				   "\"%.60s\" is no way to forward (NAT, DR, TUN)",
				   word_at(statement, 1));
	word_use(statement, 0);
	word_use(statement, 1);
	differs = method->differs;
	if (!server->has_forward)
		server->service.forward = method->forward;
	else if (strcmp(server->service.forward, method->forward))
		differs = "forwarded as the virtual server says: sluice has one way for all";
	server->has_forward = true;
	if (word_is(statement, 2, "type") && strcmp(word_at(statement, 3), "ipip"))
		differs = "ipip: sluice has no other tunnel yet";
	if (word_is(statement, 2, "type")) {
		word_use(statement, 2);
		word_use(statement, 3);
	}
	change(reader, statement, differs);
	return 0;
}

static bool same_check(const struct imported_check *a, const struct imported_check *b)
{
	return a->type == b->type && a->port == b->port && a->fall == b->fall &&
	       a->timeout_ms == b->timeout_ms && a->expect_first == b->expect_first &&
	       a->expect_last == b->expect_last &&
	       !strcmp(a->path ? a->path : "/", b->path ? b->path : "/") &&
	       !strcmp(a->host ? a->host : "", b->host ? b->host : "");
}

/* A pool has one check: that of its first backend that has one. */
static void read_check(struct reader *reader, struct server *server, struct statement *statement)
{
	struct imported_check check;

	keepalived_read_check(reader->imported, statement, &server->common, &check);
	if (check.type == IMPORT_CHECK_NONE)
		return;
	if (server->has_check && !same_check(&check, &server->pool.check))
		change(reader, statement, "checked as the first backend: a pool has one check");
	if (server->has_check)
		return;
	server->pool.check = check;
	server->has_check = true;
}

static int read_weight(struct reader *reader, struct statement *statement, unsigned *ret_weight)
{
	if (!number_parse(word_at(statement, 1), 65535, ret_weight))
		return import_fail(reader->error, statement->line,
				   "\"%.60s\" is not a weight (0 to 65535)", word_at(statement, 1));
	word_use(statement, 0);
	word_use(statement, 1);
	return 0;
}

static int read_real_body(struct reader *reader, struct server *server, struct statement *block,
			  struct imported_backend *backend)
{
	for (size_t i = 0; i < block->n_children; i++) {
		struct statement *statement = block->children[i];
		int failed = 0;

		if (word_is(statement, 0, "weight") && !has_variable(word_at(statement, 1)))
			failed = read_weight(reader, statement, &backend->weight);
		else if (word_is(statement, 0, "lvs_method") || word_is(statement, 0, "lb_kind"))
			failed = read_method(reader, server, statement);
		else if (word_is(statement, 0, "virtualhost") && statement->n_words > 1) {
			server->common.host = word_use(statement, 1);
			word_use(statement, 0);
		}
		if (failed)
			return -1;
	}
	for (size_t i = 0; i < block->n_children; i++)
		if (keepalived_is_check(block->children[i]))
			read_check(reader, server, block->children[i]);
	return 0;
}

static int no_address(const struct reader *reader, const struct statement *statement,
		      const char *address)
{
	if (!address[0])
		return import_fail(reader->error, statement->line,
				   "%s has no address; it is followed by one, and a port",
				   word_at(statement, 0));
	return import_fail(reader->error, statement->line, "\"%.60s\" is not an address", address);
}

static int read_real(struct reader *reader, struct server *server, struct statement *statement)
{
	const char *host = word_at(statement, 1), *port = word_at(statement, 2);
	struct imported_backend backend = {.statement = statement, .weight = 1};
	struct keepalived_common common = server->common;
	int failed;

	if (has_variable(host) || has_variable(port)) {
		statement->why = "variables are not looked up: put in what they stand for";
		return 0;
	}
	if (!host_parse(host, strlen(host), &backend.host))
		return no_address(reader, statement, host);
	if (port[0] && !number_parse(port, 65535, &backend.port))
		return import_fail(reader->error, statement->line, "\"%.60s\" is not a port", port);
	source_use_all(statement);
	failed = read_real_body(reader, server, statement, &backend);
	server->common = common;
	if (!failed)
		statement->why = imported_add_backend(reader->imported, &server->pool, &backend);
	return failed;
}

/* ---- virtual servers ----------------------------------------------------------------------------------- */

static int read_scheduler(struct reader *reader, struct server *server, struct statement *statement)
{
	const char *name = word_at(statement, 1);
	bool by_port = false;
	const struct ipvs_scheduler *scheduler;

	for (size_t i = 2; i < statement->n_words; i++)
		if (word_is(statement, i, "sh-port") || word_is(statement, i, "mh-port")) {
			by_port = true;
			word_use(statement, i);
		}
	scheduler = ipvs_find_scheduler(name, by_port);
	if (!scheduler)
		return import_fail(reader->error, statement->line,
				   "\"%.60s\" is no scheduler (rr, wrr, lc, wlc, lblc, sh, dh, mh, "
				   "...)",
				   name);
	word_use(statement, 0);
	word_use(statement, 1);
	server->service.algorithm = scheduler->algorithm;
	change(reader, statement, scheduler->differs);
	return 0;
}

static int read_protocol(struct reader *reader, struct server *server, struct statement *statement)
{
	const char *protocol = word_at(statement, 1);

	server->service.udp = !strcmp(protocol, "UDP");
	if (!strcmp(protocol, "SCTP"))
		server->why = "sluice balances TCP and UDP";
	else if (strcmp(protocol, "TCP") && !server->service.udp)
		return import_fail(reader->error, statement->line,
				   "\"%.60s\" is no protocol (TCP, UDP, SCTP)", protocol);
	word_use(statement, 0);
	word_use(statement, 1);
	return 0;
}

static int read_setting(struct reader *reader, struct server *server, struct statement *statement)
{
	uint64_t ms;

	if (word_is(statement, 0, "lb_algo") || word_is(statement, 0, "lvs_sched"))
		return read_scheduler(reader, server, statement);
	if (word_is(statement, 0, "lb_kind") || word_is(statement, 0, "lvs_method"))
		return read_method(reader, server, statement);
	if (word_is(statement, 0, "protocol"))
		return read_protocol(reader, server, statement);
	if (word_is(statement, 0, "delay_loop") && keepalived_seconds(word_at(statement, 1), &ms)) {
		server->common.interval_ms = ms;
		word_use(statement, 0);
		word_use(statement, 1);
	}
	if (word_is(statement, 0, "virtualhost") && statement->n_words > 1) {
		server->common.host = word_use(statement, 1);
		word_use(statement, 0);
	}
	return 0;
}

static int read_body(struct reader *reader, struct server *server)
{
	struct statement *block = server->statement;

	for (size_t i = 0; i < block->n_children; i++)
		if (!word_is(block->children[i], 0, "real_server") &&
		    read_setting(reader, server, block->children[i]))
			return -1;
	for (size_t i = 0; i < block->n_children; i++)
		if (word_is(block->children[i], 0, "real_server") &&
		    read_real(reader, server, block->children[i]))
			return -1;
	return 0;
}

static const char *add_service(struct reader *reader, const struct server *server,
			       const struct host *vip, unsigned port)
{
	struct arena *arena = &reader->imported->arena;
	struct imported_service service = server->service;
	struct imported_pool pool = server->pool;
	char text[HOST_TEXT_MAX];

	service.vip = *vip;
	service.port = port;
	service.name = arena_printf(arena, "%s-%s-%u", service.udp ? "udp" : "tcp",
				    host_text(vip, text), port);
	pool.name = service.name;
	return imported_add_service(reader->imported, &service, &pool);
}

/* ---- groups -------------------------------------------------------------------------------------------- */

static int read_member(struct reader *reader, const struct server *server,
		       struct statement *statement)
{
	struct host host;
	unsigned count, port = 0;

	if (word_is(statement, 0, "fwmark"))
		return 0;
	if (has_variable(word_at(statement, 0)) || has_variable(word_at(statement, 1))) {
		statement->why = "variables are not looked up: put in what they stand for";
		return 0;
	}
	if (!host_parse_range(word_at(statement, 0), &host, &count) ||
	    (statement->n_words > 1 && !number_parse(word_at(statement, 1), 65535, &port)))
		return import_fail(reader->error, statement->line,
				   "\"%.60s %.20s\" is not ADDRESS[-LAST] PORT",
				   word_at(statement, 0), word_at(statement, 1));
	word_use(statement, 0);
	word_use(statement, 1);
	while (!statement->why && count--) {
		statement->why = add_service(reader, server, &host, port);
		host_next(&host);
	}
	return 0;
}

static int add_group(struct reader *reader, const struct server *server)
{
	const char *name = word_at(server->statement, 2);
	struct statement *group = *map_at(&reader->imported->arena, &reader->groups, name);

	if (!group)
		return import_fail(reader->error, server->statement->line,
				   "there is no virtual_server_group %.60s", name);
	source_use_all(group);
	for (size_t i = 0; i < group->n_children; i++)
		if (read_member(reader, server, group->children[i]))
			return -1;
	return 0;
}

/* ---- all of it ----------------------------------------------------------------------------------------- */

static int add_single(struct reader *reader, struct server *server)
{
	struct statement *statement = server->statement;
	const char *address = word_at(statement, 1), *port = word_at(statement, 2);
	unsigned number = 0;
	struct host vip;

	if (!host_parse(address, strlen(address), &vip))
		return no_address(reader, statement, address);
	if (port[0] && !number_parse(port, 65535, &number))
		return import_fail(reader->error, statement->line, "\"%.60s\" is not a port", port);
	statement->why = add_service(reader, server, &vip, number);
	return 0;
}

static int read_server(struct reader *reader, struct statement *statement)
{
	bool group = word_is(statement, 1, "group");
	struct server server = {
		.statement = statement,
		.service = {.algorithm = "weighted-round-robin", .forward = "ipip"},
		.common = {.interval_ms = DELAY_LOOP_MS},
	};

	if (word_is(statement, 1, "fwmark")) {
		statement->why = IPVS_MARK;
		return 0;
	}
	if (has_variable(word_at(statement, 1)) || has_variable(word_at(statement, 2))) {
		statement->why = "variables are not looked up: put in what they stand for";
		return 0;
	}
	source_use_all(statement);
	if (read_body(reader, &server))
		return -1;
	if (server.why) {
		statement->why = server.why;
		return 0;
	}
	return group ? add_group(reader, &server) : add_single(reader, &server);
}

static int read(struct imported *imported, const struct import_input *input,
		struct import_error *error)
{
	struct reader reader = {.imported = imported, .error = error};
	struct statement *root = &imported->source;

	if (keepalived_parse(imported, input, error))
		return -1;
	for (size_t i = 0; i < root->n_children; i++) {
		struct statement *statement = root->children[i];
		const char *first = word_at(statement, 0);

		if (!strcmp(first, "virtual_server_group"))
			*map_at(&imported->arena, &reader.groups, word_at(statement, 1)) =
				statement;
		else if (first[0] == '@')
			statement->why = "conditions are not followed: it may hold or not";
		else if (first[0] == '$')
			statement->why = "variables are not looked up: put in what they stand for";
	}
	for (size_t i = 0; i < root->n_children; i++)
		if (word_is(root->children[i], 0, "virtual_server") &&
		    read_server(&reader, root->children[i]))
			return -1;
	return 0;
}

const struct import_format import_keepalived = {"keepalived", read, keepalived_reasons};
