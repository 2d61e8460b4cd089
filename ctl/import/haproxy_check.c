/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Health checks as a backend of HAProxy says them: option httpchk and its kin, http-check.
 */
#include "import/haproxy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TCP_INSTEAD(protocol) "a TCP check: sluice's checks speak no " protocol

static const struct kind {
	const char *option;
	enum import_check type;
	const char *differs;
} kinds[] = {
	{"httpchk", IMPORT_CHECK_HTTP, NULL},
	{"tcp-check", IMPORT_CHECK_TCP, NULL},
	{"ssl-hello-chk", IMPORT_CHECK_TCP, TCP_INSTEAD("TLS")},
	{"smtpchk", IMPORT_CHECK_TCP, TCP_INSTEAD("SMTP")},
	{"mysql-check", IMPORT_CHECK_TCP, TCP_INSTEAD("MySQL")},
	{"pgsql-check", IMPORT_CHECK_TCP, TCP_INSTEAD("PostgreSQL")},
	{"redis-check", IMPORT_CHECK_TCP, TCP_INSTEAD("Redis")},
	{"ldap-check", IMPORT_CHECK_TCP, TCP_INSTEAD("LDAP")},
	{"spop-check", IMPORT_CHECK_TCP, TCP_INSTEAD("SPOP")},
	{"external-check", IMPORT_CHECK_TCP, "a TCP check: sluice's checks run no programs"},
};

static const struct kind *find_kind(const struct statement *statement)
{
	if (!word_is(statement, 0, "option"))
		return NULL;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (word_is(statement, 1, kinds[i].option))
			return &kinds[i];
	return NULL;
}

static struct statement *last_kind(const struct statement *section)
{
	for (size_t i = section ? section->n_children : 0; i-- > 0;)
		if (find_kind(section->children[i]))
			return section->children[i];
	return NULL;
}

static void change(struct haproxy_reader *reader, const struct statement *statement,
		   const char *why)
{
	source_change(&reader->imported->arena, &reader->imported->notes, statement, NULL, why);
}

static void say_method(struct haproxy_reader *reader, const struct statement *statement,
		       const char *method)
{
	if (strcasecmp(method, "GET"))
		change(reader, statement, "checks send GET, whatever the method");
}

/* option httpchk [METHOD] [URI] [VERSION] */
static void read_httpchk(struct haproxy_reader *reader, struct statement *statement,
			 struct imported_check *check)
{
	size_t uri = statement->n_words > 3 ? 3 : 2;

	check->path = statement->n_words > 2 ? word_use(statement, uri) : "/";
	say_method(reader, statement, uri == 3 ? word_use(statement, 2) : "OPTIONS");
	word_lose(statement, 4, "checks speak HTTP/1.1, with a Host header and no other");
}

/* http-check send meth METHOD uri URI ver VERSION hdr NAME VALUE */
static void read_send(struct haproxy_reader *reader, struct statement *statement,
		      struct imported_check *check)
{
	word_use(statement, 0);
	word_use(statement, 1);
	for (size_t i = 2; i + 1 < statement->n_words; i++) {
		bool host = word_is(statement, i, "hdr") &&
			    !strcasecmp(word_at(statement, i + 1), "host");

		if (word_is(statement, i, "meth"))
			say_method(reader, statement, word_use(statement, i + 1));
		else if (word_is(statement, i, "uri"))
			check->path = word_use(statement, i + 1);
		else if (host && i + 2 < statement->n_words)
			check->host = word_use(statement, i + 2);
		else
			continue;
		word_use(statement, i++);
		if (host)
			word_use(statement, i++);
	}
}

/* http-check expect [min-recv N] status CODE[-CODE] */
static void read_expect(struct statement *statement, struct imported_check *check)
{
	unsigned first, last;
	int size = 0;

	if (!word_is(statement, 2, "status"))
		return;
	if (sscanf(word_at(statement, 3), "%3u-%3u%n", &first, &last, &size) != 2) {
		if (sscanf(word_at(statement, 3), "%3u%n", &first, &size) != 1)
			return;
		last = first;
	}
	if (word_at(statement, 3)[size] || first < 100 || last > 599 || first > last)
		return;
	check->expect_first = first;
	check->expect_last = last;
	for (size_t i = 0; i < 4; i++)
		word_use(statement, i);
}

static void read_http_check(struct haproxy_reader *reader, const struct statement *section,
			    struct imported_check *check)
{
	for (size_t i = 0; i < (section ? section->n_children : 0); i++) {
		struct statement *statement = section->children[i];

		if (!word_is(statement, 0, "http-check"))
			continue;
		if (word_is(statement, 1, "send"))
			read_send(reader, statement, check);
		else if (word_is(statement, 1, "expect"))
			read_expect(statement, check);
	}
}

static void read_timeout(const struct statement *section, struct imported_check *check)
{
	for (size_t i = 0; i < (section ? section->n_children : 0); i++) {
		struct statement *statement = section->children[i];

		if (word_is(statement, 0, "timeout") && word_is(statement, 1, "check") &&
		    haproxy_time(word_at(statement, 2), &check->timeout_ms))
			source_use_all(statement);
	}
}

void haproxy_read_check(struct haproxy_reader *reader, const struct proxy *proxy,
			struct imported_check *check)
{
	struct statement *statement = last_kind(proxy->section);
	const struct kind *kind;

	check->type = IMPORT_CHECK_TCP;
	read_timeout(proxy->defaults, check);
	read_timeout(proxy->section, check);
	if (!statement)
		statement = last_kind(proxy->defaults);
	if (!statement)
		return;
	kind = find_kind(statement);
	word_use(statement, 0);
	word_use(statement, 1);
	check->type = kind->type;
	if (kind->differs)
		change(reader, statement, kind->differs);
	if (kind->type != IMPORT_CHECK_HTTP)
		return;
	check->expect_first = 200;
	check->expect_last = 399;
	read_httpchk(reader, statement, check);
	read_http_check(reader, proxy->defaults, check);
	read_http_check(reader, proxy->section, check);
}
