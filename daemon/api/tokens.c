/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api/tokens.h"

#include "base/memory.h"
#include "config/config.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HEX	   "0123456789abcdef"
#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:-"
#define FROM_MAX   64

struct reader {
	const char *name; /* of the file */
	struct sl_errors *errors;
	size_t line;
	const char *begin; /* of the line */
	bool bad;
};

static bool __attribute__((format(printf, 3, 4)))
complain(struct reader *reader, const char *at, const char *format, ...)
{
	_cleanup_free_ char *where = sl_printf("%s:%zu:%zu", reader->name, reader->line,
					       (size_t)(at - reader->begin) + 1);
	_cleanup_free_ char *what = NULL;
	va_list args;

	va_start(args, format);
	what = sl_vprintf(format, args);
	va_end(args);
	sl_fail(reader->errors, EINVAL, where, "%s", what);
	reader->bad = true;
	return false;
}

/* ---- values ---------------------------------------------------------------------------------------- */

static bool read_hash(struct reader *reader, const char *at, const char *value, struct token *token)
{
	if (strlen(value) != 2 * TOKEN_HASH_BYTES || value[strspn(value, HEX)])
		return complain(reader, at, "sha256: not 64 hex digits in lower case");
	for (size_t i = 0; i < TOKEN_HASH_BYTES; i++)
		token->hash[i] = (strchr(HEX, value[2 * i]) - HEX) << 4 |
				 (strchr(HEX, value[2 * i + 1]) - HEX);
	return true;
}

static bool read_role(struct reader *reader, const char *at, const char *value, struct token *token)
{
	for (int role = SLUICE_ROLE_VIEWER; role < SLUICE_ROLE_COUNT; role++)
		if (!strcmp(value, config_role_word(role))) {
			token->role = role;
			return true;
		}
	return complain(reader, at, "role: %s is none of viewer, operator, admin", value);
}

static bool read_expires(struct reader *reader, const char *at, const char *value,
			 struct token *token)
{
	static const char form[] = "%Y-%m-%dT%H:%M:%SZ";
	struct tm utc = {0};
	const char *end = strptime(value, form, &utc);
	char again[32] = "";

	if (end && !*end) {
		token->expires_s = timegm(&utc);
		strftime(again, sizeof(again), form, &utc);
	}
	/* What strptime takes leniently, or timegm put right, is another text. */
	return (!strcmp(value, again) && (int64_t)token->expires_s > 0) ||
	       complain(reader, at, "expires: %s is no time like 2027-01-31T12:00:00Z", value);
}

static bool read_from(struct reader *reader, const char *at, const char *value, struct token *token)
{
	_cleanup_free_ char *copy = sl_strdup(value);
	char *rest = copy, *word;

	while ((word = strsep(&rest, ","))) {
		struct prefix prefix;

		if (!prefix_parse(word, &prefix))
			return complain(
				reader, at,
				"from: \"%s\" is no prefix like 10.0.0.0/8 or 2001:db8::/32", word);
		if (token->n_from == FROM_MAX)
			return complain(reader, at, "from: more than %d prefixes", FROM_MAX);
		token->from = sl_realloc_array(token->from, token->n_from + 1, sizeof(prefix));
		token->from[token->n_from++] = prefix;
	}
	return true;
}

static const struct {
	const char *key;
	bool (*read)(struct reader *reader, const char *at, const char *value, struct token *token);
	bool required;
} keys[] = {
	{"sha256", read_hash, true},
	{"role", read_role, true},
	{"expires", read_expires, false},
	{"from", read_from, false},
};

/* ---- lines ----------------------------------------------------------------------------------------- */

static void read_word(struct reader *reader, char *word, struct token *token, unsigned *seen)
{
	char *value = strchr(word, '=');
	size_t size = strcspn(word, "=");

	for (size_t i = 0; i < sl_count(keys); i++) {
		if (strlen(keys[i].key) != size || strncmp(word, keys[i].key, size))
			continue;
		if (!value)
			complain(reader, word, "%s: needs a value: %s=...", word, word);
		else if (*seen & 1u << i)
			complain(reader, word, "%s: twice", keys[i].key);
		else
			keys[i].read(reader, word, value + 1, token);
		*seen |= 1u << i;
		return;
	}
	complain(reader, word, "\"%.*s\" is none of sha256, role, expires, from", (int)size, word);
}

static void check_name(struct reader *reader, const char *word, struct token *token)
{
	if (strlen(word) >= TOKEN_NAME_MAX || word[strspn(word, NAME_CHARS)])
		complain(reader, word, "\"%s\" is not a name (1 to %d letters, digits, _ . : -)",
			 word, TOKEN_NAME_MAX - 1);
	else
		strcpy(token->name, word);
}

/* Cuts the line into words in place. */
static void read_line(struct reader *reader, char *line, struct token *token)
{
	char *rest = line, *word;
	unsigned seen = 0;
	bool named = false;

	while ((word = strsep(&rest, " \t"))) {
		if (!word[0])
			continue;
		if (named)
			read_word(reader, word, token, &seen);
		else
			check_name(reader, word, token);
		named = true;
	}
	for (size_t i = 0; i < sl_count(keys); i++)
		if (keys[i].required && !(seen & 1u << i))
			complain(reader, line, "%s is missing: NAME sha256=HEX role=ROLE",
				 keys[i].key);
}

static void check_twins(struct reader *reader, const struct tokens *tokens,
			const struct token *token)
{
	for (size_t i = 0; i < tokens->count; i++) {
		if (token->name[0] && !strcmp(tokens->list[i].name, token->name))
			complain(reader, reader->begin, "there is a token %s already", token->name);
		else if (!memcmp(tokens->list[i].hash, token->hash, TOKEN_HASH_BYTES))
			complain(reader, reader->begin, "the same hash as that of %s",
				 tokens->list[i].name);
	}
}

static void add(struct reader *reader, struct tokens *tokens, char *line)
{
	bool before = reader->bad;
	struct token token = {0};

	reader->bad = false;
	read_line(reader, line, &token);
	if (!reader->bad)
		check_twins(reader, tokens, &token);
	if (!reader->bad && tokens->count == TOKENS_MAX)
		complain(reader, line, "more than %d tokens", TOKENS_MAX);
	if (reader->bad) {
		free(token.from);
		return;
	}
	reader->bad = before;
	tokens->list = sl_realloc_array(tokens->list, tokens->count + 1, sizeof(token));
	tokens->list[tokens->count++] = token;
}

int tokens_read(const char *name, const char *text, size_t size, struct tokens **ret_tokens,
		struct sl_errors *errors)
{
	_cleanup_free_ char *copy = sl_printf("%.*s", (int)size, text);
	struct tokens *tokens = sl_calloc(1, sizeof(*tokens));
	struct reader reader = {.name = name, .errors = errors, .begin = copy};
	char *rest = copy, *line;

	if (strlen(copy) != size) {
		reader.line = 1;
		complain(&reader, copy, "a NUL in the file");
		rest = NULL;
	}
	while ((line = strsep(&rest, "\n"))) {
		reader.line++;
		reader.begin = line;
		if (line[strspn(line, " \t")] && line[strspn(line, " \t")] != '#')
			add(&reader, tokens, line);
	}
	if (reader.bad) {
		tokens_free(tokens);
		return -EINVAL;
	}
	*ret_tokens = tokens;
	return 0;
}

void tokens_free(struct tokens *tokens)
{
	if (!tokens)
		return;
	for (size_t i = 0; i < tokens->count; i++)
		free(tokens->list[i].from);
	free(tokens->list);
	free(tokens);
}

/* ---- one that came --------------------------------------------------------------------------------- */

const char *tokens_bearer(const char *authorization)
{
	static const char scheme[] = "bearer ";
	const char *token;

	if (!authorization || strncasecmp(authorization, scheme, sizeof(scheme) - 1))
		return NULL;
	token = authorization + sizeof(scheme) - 1;
	token += strspn(token, " ");
	return token[0] && !strpbrk(token, " \t,") ? token : NULL;
}

static bool may_come_from(const struct token *token, const struct address *from)
{
	for (size_t i = 0; i < token->n_from; i++)
		if (prefix_contains(&token->from[i], from))
			return true;
	return !token->n_from;
}

enum token_state tokens_find(const struct tokens *tokens, const char *bearer,
			     const struct address *from, uint64_t now_s,
			     const struct token **ret_token)
{
	uint8_t hash[TOKEN_HASH_BYTES] = {0};
	const struct token *found = NULL;

	*ret_token = NULL;
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, bearer, strlen(bearer), hash))
		return TOKEN_UNKNOWN;
	for (size_t i = 0; i < tokens->count; i++)
		if (!gnutls_memcmp(tokens->list[i].hash, hash, sizeof(hash)))
			found = &tokens->list[i];
	*ret_token = found;
	if (!found)
		return TOKEN_UNKNOWN;
	if (found->expires_s && now_s >= found->expires_s)
		return TOKEN_EXPIRED;
	return may_come_from(found, from) ? TOKEN_GOOD : TOKEN_ELSEWHERE;
}
