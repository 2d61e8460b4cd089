/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ipvsadm's tables: saved (ipvsadm -Sn: a command a line) and listed (ipvsadm -Ln). A listed line is
 * read as the command that would have made it. Source: ipvsadm(8).
 */
#include "import/ipvsadm.h"
#include "import/import.h"
#include "import/ipvs.h"

#include <string.h>

struct draft {
	struct imported_service service;
	struct imported_pool pool;
	struct statement *statement;
	struct statement **servers; /* of the pool, taken or not */
	size_t n_servers;
	const char *why; /* it is not taken over */
	bool has_forward;
};

struct reader {
	struct imported *imported;
	struct import_error *error;
	struct draft **drafts;
	size_t n_drafts;
	struct map by_key;
	struct draft *listed; /* the service that "->" lines belong to */
};

/* What a command says, by its options. NULL or 0: nothing. */
struct options {
	const char *service, *protocol; /* t, u, f, sctp */
	const char *scheduler, *server, *weight, *flags, *method, *tunnel;
};

static const struct reason reasons[] = {
	{"-p", IPVS_PERSISTENCE},
	{"persistent", IPVS_PERSISTENCE},
	{"-M", IPVS_PERSISTENCE},
	{"mask", IPVS_PERSISTENCE},
	{"--pe", "sluice reads no further than the transport header"},
	{"pe", "sluice reads no further than the transport header"},
	{"-o", "every flow of sluice stays at its backend"},
	{"ops", "every flow of sluice stays at its backend"},
	{"-x", IPVS_THRESHOLD},
	{"-y", IPVS_THRESHOLD},
	{"-C", "it is no part of a table"},
	{"-D", "it is no part of a table"},
	{"-E", "it is no part of a table"},
	{"-d", "it is no part of a table"},
	{"-e", "it is no part of a table"},
	{"--set", "sluice has its own times: drain and udp-grace of a service"},
	{"--start-daemon", "sluice shares no connections: all nodes choose alike"},
	{"FWM", IPVS_MARK},
	{NULL, NULL},
};

/* ---- commands ------------------------------------------------------------------------------------------ */

static int fail(const struct reader *reader, const struct statement *statement, const char *word,
		const char *what)
{
	return import_fail(reader->error, statement->line, "\"%.60s\" %s", word, what);
}

static bool is_service_option(const char *word)
{
	return !strcmp(word, "-t") || !strcmp(word, "-u") || !strcmp(word, "-f") ||
	       !strcmp(word, "--sctp-service");
}

static const char *value_at(struct statement *statement, size_t i)
{
	word_use(statement, i);
	return word_use(statement, i + 1);
}

static void read_options(struct statement *statement, struct options *options)
{
	for (size_t i = 0; i < statement->n_words; i++) {
		const char *word = word_at(statement, i);

		if (!strcmp(word, "-6") || !strcmp(word, "-A") || !strcmp(word, "-a"))
			word_use(statement, i);
		else if (is_service_option(word)) {
			options->protocol = word;
			options->service = value_at(statement, i++);
		} else if (!strcmp(word, "-s"))
			options->scheduler = value_at(statement, i++);
		else if (!strcmp(word, "-r"))
			options->server = value_at(statement, i++);
		else if (!strcmp(word, "-w"))
			options->weight = value_at(statement, i++);
		else if (!strcmp(word, "-b"))
			options->flags = value_at(statement, i++);
		else if (!strcmp(word, "--tun-type"))
			options->tunnel = value_at(statement, i++);
		else if (ipvs_find_method(word))
			options->method = word_use(statement, i);
	}
}

static bool has_word(const struct statement *statement, const char *word)
{
	for (size_t i = 0; i < statement->n_words; i++)
		if (word_is(statement, i, word))
			return true;
	return false;
}

static void change(struct reader *reader, const struct statement *statement, const char *why)
{
	if (why)
		source_change(&reader->imported->arena, &reader->imported->notes, statement, NULL,
			      why);
}

static const char *not_taken(const struct options *options)
{
	if (!strcmp(options->protocol, "-f"))
		return IPVS_MARK;
	return !strcmp(options->protocol, "--sctp-service") ? "sluice balances TCP and UDP" : NULL;
}

static int read_scheduler(struct reader *reader, struct draft *draft, const struct options *options)
{
	const char *name = options->scheduler ? options->scheduler : "wlc";
	bool by_port = options->flags && strstr(options->flags, "-port");
	const struct ipvs_scheduler *scheduler = ipvs_find_scheduler(name, by_port);

	if (!scheduler)
		return fail(reader, draft->statement, name,
			    "is no scheduler of IPVS (rr, wrr, lc, wlc, lblc, sh, dh, mh, ...)");
	draft->service.algorithm = scheduler->algorithm;
	change(reader, draft->statement, scheduler->differs);
	return 0;
}

static int add_service(struct reader *reader, struct statement *statement,
		       const struct options *options)
{
	struct arena *arena = &reader->imported->arena;
	struct draft *draft = arena_alloc(arena, sizeof(*draft));
	struct imported_service *service = &draft->service;
	char vip[HOST_TEXT_MAX];
	void **known = map_at(arena, &reader->by_key,
			      arena_printf(arena, "%s %s", options->protocol, options->service));

	if (*known)
		return fail(reader, statement, options->service, "is a service already");
	*known = draft;
	draft->statement = statement;
	draft->why = not_taken(options);
	reader->listed = draft;
	reader->drafts =
		arena_extend(arena, reader->drafts, reader->n_drafts, sizeof(*reader->drafts));
	reader->drafts[reader->n_drafts++] = draft;
	if (draft->why)
		return 0;
	if (!place_parse(options->service, &service->vip, &service->port))
		return fail(reader, statement, options->service,
			    "is not ADDRESS:PORT (names? list with -n)");
	service->udp = !strcmp(options->protocol, "-u");
	service->forward = "l2";
	service->statement = statement;
	service->name = arena_printf(arena, "%s-%s-%u", service->udp ? "udp" : "tcp",
				     host_text(&service->vip, vip), service->port);
	draft->pool.name = service->name;
	return read_scheduler(reader, draft, options);
}

static const char *one_forward(struct reader *reader, struct draft *draft,
			       struct statement *statement, const struct options *options)
{
	const struct ipvs_method *method =
		ipvs_find_method(options->method ? options->method : "-g");

	if (!draft->has_forward) {
		draft->service.forward = method->forward;
		draft->has_forward = true;
	} else if (strcmp(draft->service.forward, method->forward)) {
		return "forwarded as the first backend of the service: sluice has one way for all";
	}
	if (options->tunnel && strcmp(options->tunnel, "ipip"))
		return "ipip: sluice has no other tunnel yet";
	return method->differs;
}

static int add_server(struct reader *reader, struct statement *statement, struct draft *draft,
		      const struct options *options)
{
	struct imported_backend backend = {.statement = statement, .weight = 1};
	struct arena *arena = &reader->imported->arena;

	draft->servers =
		arena_extend(arena, draft->servers, draft->n_servers, sizeof(*draft->servers));
	draft->servers[draft->n_servers++] = statement;
	if (draft->why)
		return 0;
	if (!options->server || !place_parse(options->server, &backend.host, &backend.port))
		return fail(reader, statement, options->server ? options->server : "",
			    "is not ADDRESS:PORT of a real server (names? list with -n)");
	if (options->weight && !number_parse(options->weight, 65535, &backend.weight))
		return fail(reader, statement, options->weight, "is not a weight (0 to 65535)");
	statement->why = imported_add_backend(reader->imported, &draft->pool, &backend);
	if (!statement->why)
		change(reader, statement, one_forward(reader, draft, statement, options));
	return 0;
}

static int read_command(struct reader *reader, struct statement *statement)
{
	bool server = has_word(statement, "-a");
	struct options options = {0};
	struct draft *draft;

	if (word_is(statement, 0, "ipvsadm"))
		word_use(statement, 0);
	if (!server && !has_word(statement, "-A")) {
		if (has_word(statement, "-C") || has_word(statement, "-D") ||
		    has_word(statement, "-E") || has_word(statement, "-d") ||
		    has_word(statement, "-e") || has_word(statement, "--set") ||
		    has_word(statement, "--start-daemon"))
			return 0;
		return fail(reader, statement, word_at(statement, 0),
			    "begins no line of ipvsadm -Sn or -Ln");
	}
	read_options(statement, &options);
	if (!options.service)
		return fail(reader, statement, server ? "-a" : "-A",
			    "needs a service: -t, -u, --sctp-service or -f");
	if (!options.service[0])
		return fail(reader, statement, options.protocol, "needs a value");
	if (!server)
		return add_service(reader, statement, &options);
	draft = *map_at(
		&reader->imported->arena, &reader->by_key,
		arena_printf(&reader->imported->arena, "%s %s", options.protocol, options.service));
	if (!draft)
		return fail(reader, statement, options.service,
			    "is no service that a line before has added");
	return add_server(reader, statement, draft, &options);
}

/* ---- listings ------------------------------------------------------------------------------------------ */

static const char *listed_protocol(const char *word)
{
	static const char *const protocols[][2] = {
		{"TCP", "-t"}, {"UDP", "-u"}, {"SCTP", "--sctp-service"}, {"FWM", "-f"}};

	for (size_t i = 0; i < sizeof(protocols) / sizeof(*protocols); i++)
		if (!strcmp(protocols[i][0], word))
			return protocols[i][1];
	return NULL;
}

static int read_listed_service(struct reader *reader, struct statement *statement)
{
	bool six = word_is(statement, 2, "IPv6");
	struct options options = {
		.protocol = listed_protocol(word_use(statement, 0)),
		.service = word_use(statement, 1),
		.scheduler = word_use(statement, six ? 3 : 2),
	};

	if (six)
		word_use(statement, 2);
	if (word_at(statement, six ? 4 : 3)[0] == '(')
		options.flags = word_use(statement, six ? 4 : 3);
	return add_service(reader, statement, &options);
}

/* -> ADDRESS:PORT FORWARD WEIGHT ACTIVE INACTIVE */
static int read_listed_server(struct reader *reader, struct statement *statement)
{
	struct options options = {
		.server = word_use(statement, 1),
		.method = word_use(statement, 2),
		.weight = word_use(statement, 3),
	};

	source_use_all(statement);
	if (!reader->listed)
		return fail(reader, statement, "->", "stands before any service");
	if (!strcmp(options.method, "Local")) {
		statement->why = "it is this host itself: sluice sends packets to other hosts";
		return 0;
	}
	if (!ipvs_find_method(options.method))
		return fail(reader, statement, options.method,
			    "is no way to forward (Masq, Route, Tunnel); list with ipvsadm -Ln");
	return add_server(reader, statement, reader->listed, &options);
}

static int read_statement(struct reader *reader, struct statement *statement)
{
	const char *first = word_at(statement, 0);
	bool server = !strcmp(first, "->");

	if (!strcmp(first, "Prot") && !word_is(statement, 2, "Scheduler"))
		return fail(reader, statement, word_at(statement, 2),
			    "is no column of ipvsadm -Ln: list without further options");
	if (!strcmp(first, "IP") || !strcmp(first, "Prot") ||
	    (server && !strncmp(word_at(statement, 1), "RemoteAddress", 13))) {
		source_use_all(statement);
		return 0;
	}
	if (server)
		return read_listed_server(reader, statement);
	if (listed_protocol(first))
		return read_listed_service(reader, statement);
	return read_command(reader, statement);
}

/* ---- all of it ----------------------------------------------------------------------------------------- */

static void finish(struct reader *reader, struct draft *draft)
{
	if (!draft->why)
		draft->why = imported_add_service(reader->imported, &draft->service, &draft->pool);
	if (!draft->why)
		return;
	draft->statement->why = draft->why;
	for (size_t i = 0; i < draft->n_servers; i++)
		draft->servers[i]->why = draft->why;
}

static int read(struct imported *imported, const struct import_input *input,
		struct import_error *error)
{
	struct reader reader = {.imported = imported, .error = error};
	struct line line = {.text = input->text};

	while (line_next(&line)) {
		const char *end = line.text + line.size, *word = skip_blanks(line.text, end);
		struct statement *statement;

		if (word == end || *word == '#')
			continue;
		statement = source_add(&imported->arena, &imported->source, line.number);
		ipvsadm_split(&imported->arena, statement, &line);
		while (ipvsadm_is_continued(&line) && line_next(&line))
			ipvsadm_split(&imported->arena, statement, &line);
		if (statement->n_words && read_statement(&reader, statement))
			return -1;
	}
	for (size_t i = 0; i < reader.n_drafts; i++)
		finish(&reader, reader.drafts[i]);
	return 0;
}

const struct import_format import_ipvsadm = {"ipvsadm", read, reasons};
