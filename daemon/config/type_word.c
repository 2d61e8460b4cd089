/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/type.h"

#include "base/memory.h"
#include "config/schema.h"
#include "config/suggest.h"
#include "config/words.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* ---- enum ------------------------------------------------------------------------------------ */

static bool word_parse(const struct field *field, struct scope *scope, const char *text,
		       void *object)
{
	int value = words_find(field->words, text);

	if (value < 0)
		return false;
	type_store(field_at(field, object), field->size, value);
	return true;
}

static char *word_format(const struct field *field, const struct config *config, const void *object)
{
	return sl_strdup(words_get(field->words, type_load(field_at(field, object), field->size)));
}

static char *word_expects(const struct field *field)
{
	char *text = sl_printf("%s (%s", field->noun, field->words->list[0]);

	for (size_t i = 1; i < field->words->count; i++) {
		_cleanup_free_ char *before = text;

		text = sl_printf("%s, %s", before, field->words->list[i]);
	}
	text = sl_realloc_array(text, strlen(text) + 2, 1);
	return strcat(text, ")");
}

static const char *word_suggest(const struct field *field, const struct scope *scope,
				const char *text)
{
	struct suggestion suggestion;

	suggest_init(&suggestion, text);
	for (size_t i = 0; i < field->words->count; i++)
		suggest_offer(&suggestion, field->words->list[i]);
	return suggestion.best;
}

const struct type type_word = {word_parse, word_format, word_expects, word_suggest, false};

/* ---- protocol -------------------------------------------------------------------------------- */

static bool protocol_parse(const struct field *field, struct scope *scope, const char *text,
			   void *object)
{
	if (strcmp(text, "tcp") && strcmp(text, "udp"))
		return false;
	type_store(field_at(field, object), field->size,
		   text[0] == 't' ? IPPROTO_TCP : IPPROTO_UDP);
	return true;
}

static char *protocol_format(const struct field *field, const struct config *config,
			     const void *object)
{
	return sl_strdup(type_load(field_at(field, object), field->size) == IPPROTO_TCP ? "tcp"
											: "udp");
}

static char *protocol_expects(const struct field *field)
{
	return sl_printf("%s (tcp, udp)", field->noun);
}

const struct type type_protocol = {protocol_parse, protocol_format, protocol_expects, NULL, false};

/* ---- pool ------------------------------------------------------------------------------------ */

static int compare_pools(const void *a, const void *b)
{
	return strcmp((*(const struct config_pool *const *)a)->name,
		      (*(const struct config_pool *const *)b)->name);
}

/* Sorted once: each service of a large file looks its pool up. */
static void index_pools(struct scope *scope)
{
	const struct config *config = scope->config;

	scope->pools_by_name = sl_calloc(config->n_pools, sizeof(*scope->pools_by_name));
	for (size_t i = 0; i < config->n_pools; i++)
		scope->pools_by_name[i] = &config->pools[i];
	qsort(scope->pools_by_name, config->n_pools, sizeof(*scope->pools_by_name), compare_pools);
}

static int compare_name(const void *name, const void *pool)
{
	return strcmp(name, (*(const struct config_pool *const *)pool)->name);
}

static bool pool_parse(const struct field *field, struct scope *scope, const char *text,
		       void *object)
{
	const struct config_pool **found;

	if (!scope->pools_by_name)
		index_pools(scope);
	found = bsearch(text, scope->pools_by_name, scope->config->n_pools, sizeof(*found),
			compare_name);
	if (!found || !text[0])
		return false;
	*(size_t *)field_at(field, object) = *found - scope->config->pools;
	return true;
}

static char *pool_format(const struct field *field, const struct config *config, const void *object)
{
	return sl_strdup(config->pools[*(const size_t *)field_at(field, object)].name);
}

static char *pool_expects(const struct field *field)
{
	return sl_strdup(field->noun);
}

static const char *pool_suggest(const struct field *field, const struct scope *scope,
				const char *text)
{
	struct suggestion suggestion;

	suggest_init(&suggestion, text);
	for (size_t i = 0; i < scope->config->n_pools; i++)
		suggest_offer(&suggestion, scope->config->pools[i].name);
	return suggestion.best;
}

const struct type type_pool = {pool_parse, pool_format, pool_expects, pool_suggest, false};
