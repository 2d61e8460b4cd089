/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The checks of keepalived's real servers. sluice opens a TCP connection or sends a GET; what asks
 * more than that is reduced to the first, if it speaks TCP at all.
 */
#include "import/keepalived.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct kind {
	const char *name;
	enum import_check type;
	const char *differs; /* or why there is no check */
} kinds[] = {
	{"TCP_CHECK", IMPORT_CHECK_TCP, NULL},
	{"HTTP_GET", IMPORT_CHECK_HTTP, NULL},
	{"SSL_GET", IMPORT_CHECK_TCP, "a TCP check: sluice's checks speak no TLS"},
	{"SMTP_CHECK", IMPORT_CHECK_TCP, "a TCP check: sluice's checks speak no SMTP"},
	{"DNS_CHECK", IMPORT_CHECK_NONE, "sluice's checks speak no DNS: the backend counts as up"},
	{"UDP_CHECK", IMPORT_CHECK_NONE, "sluice's checks send no UDP: the backend counts as up"},
	{"PING_CHECK", IMPORT_CHECK_NONE, "sluice's checks send no ICMP: the backend counts as up"},
	{"MISC_CHECK", IMPORT_CHECK_NONE,
	 "sluice's checks run no scripts: the backend counts as up"},
	{"BFD_CHECK", IMPORT_CHECK_NONE, "sluice's checks speak no BFD: the backend counts as up"},
	{"FILE_CHECK", IMPORT_CHECK_NONE,
	 "sluice's checks read no files: the backend counts as up"},
};

static const struct kind *find_kind(const struct statement *statement)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (word_is(statement, 0, kinds[i].name))
			return &kinds[i];
	return NULL;
}

bool keepalived_is_check(const struct statement *statement)
{
	return find_kind(statement) != NULL;
}

bool keepalived_seconds(const char *text, uint64_t *ret_ms)
{
	char *end;
	double seconds;

	if (text[0] < '0' || text[0] > '9' || strlen(text) > 16 ||
	    text[strspn(text, "0123456789.")])
		return false;
	seconds = strtod(text, &end);
	if (*end || seconds > 1e9)
		return false;
	*ret_ms = seconds * 1000 + 0.5;
	return true;
}

/* One range of statuses, or the first of several. */
static void read_status(struct imported *imported, struct statement *statement,
			struct imported_check *check)
{
	unsigned first, last;
	int size = 0;

	if (sscanf(word_at(statement, 1), "%3u-%3u%n", &first, &last, &size) != 2) {
		if (sscanf(word_at(statement, 1), "%3u%n", &first, &size) != 1)
			return;
		last = first;
	}
	if (word_at(statement, 1)[size] || first < 100 || last > 599 || first > last)
		return;
	check->expect_first = first;
	check->expect_last = last;
	source_use_all(statement);
	if (statement->n_words > 2)
		source_change(&imported->arena, &imported->notes, statement, NULL,
			      "the first of them only: sluice expects one range of statuses");
}

static void read_url(struct imported *imported, struct statement *url, struct imported_check *check)
{
	word_use(url, 0);
	for (size_t i = 0; i < url->n_children; i++) {
		struct statement *statement = url->children[i];

		if (word_is(statement, 0, "path") && statement->n_words > 1) {
			check->path = word_use(statement, 1);
			word_use(statement, 0);
		} else if (word_is(statement, 0, "status_code")) {
			read_status(imported, statement, check);
		} else if (word_is(statement, 0, "virtualhost") && statement->n_words > 1) {
			check->host = word_use(statement, 1);
			word_use(statement, 0);
		}
	}
}

/* Those that all checks have. */
static void read_setting(struct statement *statement, struct imported_check *check)
{
	const char *value = word_at(statement, 1);
	bool known = true;
	unsigned number;

	if (word_is(statement, 0, "connect_port") && number_parse(value, 65535, &number))
		check->port = number;
	else if ((word_is(statement, 0, "retry") || word_is(statement, 0, "nb_get_retry")) &&
		 number_parse(value, 1000, &number))
		check->fall = number + 1;
	else
		known = word_is(statement, 0, "connect_timeout") &&
			keepalived_seconds(value, &check->timeout_ms);
	if (!known)
		return;
	word_use(statement, 0);
	word_use(statement, 1);
}

static void read_body(struct imported *imported, struct statement *block,
		      struct imported_check *check)
{
	bool http = check->type == IMPORT_CHECK_HTTP, asked = false;

	for (size_t i = 0; i < block->n_children; i++) {
		struct statement *statement = block->children[i];
		bool url = word_is(statement, 0, "url");

		if (http && url && asked) {
			statement->why = "sluice asks for one URL: the first";
		} else if (http && url) {
			read_url(imported, statement, check);
			asked = true;
		} else if (http && word_is(statement, 0, "virtualhost") && statement->n_words > 1) {
			check->host = word_use(statement, 1);
			word_use(statement, 0);
		} else {
			read_setting(statement, check);
		}
	}
}

void keepalived_read_check(struct imported *imported, struct statement *statement,
			   const struct keepalived_common *common, struct imported_check *ret_check)
{
	const struct kind *kind = find_kind(statement);
	struct imported_check check = {
		.type = kind->type,
		.interval_ms = common->interval_ms,
		.rise = 1,
		.expect_first = 200,
		.expect_last = 299,
		.host = kind->type == IMPORT_CHECK_HTTP ? common->host : NULL,
		.statement = statement,
	};

	if (kind->type == IMPORT_CHECK_NONE) {
		statement->why = kind->differs;
		*ret_check = check;
		return;
	}
	word_use(statement, 0);
	if (kind->differs)
		source_change(&imported->arena, &imported->notes, statement, NULL, kind->differs);
	read_body(imported, statement, &check);
	*ret_check = check;
}
