/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Large files are read; what is larger than the limits is refused, with few words.
 */
#include "base/memory.h"
#include "config/node.h"
#include "config/read.h"
#include "config/suggest.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static int read_text(const char *text, size_t size, struct config **ret_config, char **ret_errors)
{
	struct sl_errors errors = {0};
	int result = config_read("f", text, size, ret_config, &errors);

	*ret_errors = sl_errors_text(&errors);
	sl_errors_deinit(&errors);
	return result;
}

static void expect_errors(const char *text, size_t size, const char *expected)
{
	_cleanup_config_ struct config *config = NULL;
	_cleanup_free_ char *errors = NULL;

	cr_expect_lt(read_text(text, size, &config, &errors), 0);
	cr_expect_null(config);
	cr_expect_str_eq(errors, expected, "%s", errors);
}

static FILE *open_text(char **text, size_t *size)
{
	FILE *out = open_memstream(text, size);

	cr_assert(out);
	return out;
}

/* Each service has a pool of its own, and all their backends are different. */
static void print_services(FILE *out, unsigned count)
{
	fputs("capacity: {services: 65536, backends: 65535}\ninterfaces: {eth0: {}}\nservices:\n", out);
	for (unsigned i = 0; i < count; i++)
		fprintf(out, "  service%u: {vip: 10.1.%u.%u, protocol: tcp, port: 443, pool: pool%u, "
			     "algorithm: source-hash, source-prefix: 24}\n",
			i, i / 250, i % 250 + 1, count - 1 - i);
	fputs("pools:\n", out);
	for (unsigned i = 0; i < count; i++)
		fprintf(out, "  pool%u:\n    backends:\n      - {address: 10.2.%u.%u, weight: 100}\n", i,
			i / 250, i % 250 + 1);
}

Test(config_limits, ten_thousand_services_are_read)
{
	_cleanup_config_ struct config *config = NULL;
	_cleanup_free_ char *text = NULL, *errors = NULL;
	size_t size;
	FILE *out = open_text(&text, &size);

	print_services(out, 10000);
	fclose(out);
	cr_expect_gt(size, 1 << 20);
	cr_assert_eq(read_text(text, size, &config, &errors), 0, "%s", errors);
	cr_expect_eq(config->n_services, 10000);
	cr_expect_eq(config->n_pools, 10000);
	for (size_t i = 0; i < config->n_services; i++)
		cr_assert_eq(config->services[i].pool, 9999 - i);
}

Test(config_limits, errors_past_a_hundred_are_counted)
{
	_cleanup_config_ struct config *config = NULL;
	_cleanup_free_ char *text = NULL;
	struct sl_errors errors = {0};
	size_t size;
	FILE *out = open_text(&text, &size);

	fputs("interfaces: {eth0: {}}\n", out);
	for (unsigned i = 0; i < 1000; i++)
		fprintf(out, "unknown%u: x\n", i);
	fclose(out);
	cr_expect_lt(config_read("f", text, size, &config, &errors), 0);
	cr_expect_eq(errors.count, SL_ERRORS_MAX);
	cr_expect_eq(errors.dropped, 1000 - SL_ERRORS_MAX);
	cr_expect_str_eq(errors.list[0].where, "f:2:1");
	sl_errors_deinit(&errors);
}

Test(config_limits, errors_may_be_unwanted)
{
	_cleanup_config_ struct config *config = NULL;

	cr_expect_lt(config_read("f", "x: y", 4, &config, NULL), 0);
	cr_expect_null(config);
}

Test(config_limits, size)
{
	_cleanup_config_ struct config *config = NULL;
	_cleanup_free_ char *text = sl_calloc(1, CONFIG_SIZE_MAX + 1), *errors = NULL;
	size_t used = sprintf(text, "interfaces: {eth0: {}} #");

	memset(text + used, 'x', CONFIG_SIZE_MAX + 1 - used);
	cr_expect_eq(read_text(text, CONFIG_SIZE_MAX, &config, &errors), 0, "%s", errors);
	expect_errors(text, CONFIG_SIZE_MAX + 1, "f: larger than 8 MiB\n");
}

Test(config_limits, number_of_nodes)
{
	_cleanup_free_ char *text = sl_calloc(1, 3 * NODE_COUNT_MAX);

	for (size_t i = 0; i < NODE_COUNT_MAX; i++)
		memcpy(text + 3 * i, "- \n", 3);
	expect_errors(text, 3 * NODE_COUNT_MAX,
		      "f:1048576:2: more than 1048576 keys and values\n");
}

Test(config_limits, a_nul_byte_is_not_the_end)
{
	static const char text[] = "interfaces: {eth0: {}}\n\0garbage: x\n";

	expect_errors(text, sizeof(text) - 1,
		      "f:2:1: not UTF-8 text: control characters are not allowed\n");
}

static const char *suggest(const char *word, const char *candidate)
{
	struct suggestion suggestion;

	suggest_init(&suggestion, word);
	suggest_offer(&suggestion, candidate);
	return suggestion.best;
}

Test(config_limits, suggestions_are_near)
{
	cr_expect_str_eq(suggest("maglv", "maglev"), "maglev");
	cr_expect_str_eq(suggest("intervall", "interval"), "interval");
	cr_expect_str_eq(suggest("prot", "port"), "port");
	cr_expect_null(suggest("abc", "abcdef"), "three letters are too many");
	cr_expect_null(suggest("xy", "ab"), "nothing of the word is left");
	cr_expect_null(suggest("", "ab"));
}

Test(config_limits, the_nearest_suggestion_wins)
{
	struct suggestion suggestion;

	suggest_init(&suggestion, "backend1");
	suggest_offer(&suggestion, "backend");
	suggest_offer(&suggestion, "backend12");
	suggest_offer(&suggestion, "backends1x");
	cr_expect_str_eq(suggestion.best, "backend", "of equal ones the first");
	suggest_init(&suggestion, "backnd");
	suggest_offer(&suggestion, "backends");
	suggest_offer(&suggestion, "backend");
	cr_expect_str_eq(suggestion.best, "backend");
}
