/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * haproxy.cfg's syntax: sections, lines of words, quotes and escapes. Source: HAProxy's
 * configuration manual, chapter 2.
 */
#include "import/haproxy.h"
#include "import/split.h"

#include <string.h>

static const char *const sections[] = {
	"global",   "defaults",	 "listen",	"frontend",    "backend",     "peers",
	"mailers",  "resolvers", "program",	"ring",	       "cache",	      "userlist",
	"fcgi-app", "traces",	 "http-errors", "log-forward", "log-profile", "crt-store",
};

struct parser {
	struct imported *imported;
	struct import_error *error;
	struct statement *section;
	struct statement *condition; /* an .if that no .endif has closed */
	unsigned depth;
};

static bool is_section(const char *word)
{
	for (size_t i = 0; i < sizeof(sections) / sizeof(*sections); i++)
		if (!strcmp(sections[i], word))
			return true;
	return false;
}

/* What a backslash takes the meaning from; before anything else it stands for itself. */
static bool is_escape(char letter)
{
	return strchr("\\ #\"'$nrt", letter) != NULL;
}

static char unescape(char letter)
{
	switch (letter) {
	case 'n': return '\n';
	case 'r': return '\r';
	case 't': return '\t';
	default: return letter;
	}
}

static bool is_blank(char letter)
{
	return letter == ' ' || letter == '\t' || letter == '\r';
}

/* One word, without its quotes; false: a quote is not closed. */
static bool read_word(const char **at, const char *end, char *word, size_t *ret_size)
{
	char quote = '\0';
	size_t size = 0;

	for (; *at < end && (quote || (!is_blank(**at) && **at != '#')); (*at)++) {
		char letter = **at;

		if (quote ? letter == quote : letter == '"' || letter == '\'')
			quote = quote ? '\0' : letter;
		else if (letter == '\\' && quote != '\'' && *at + 1 < end && is_escape((*at)[1]))
			word[size++] = unescape(*++*at);
		else
			word[size++] = letter;
	}
	*ret_size = size;
	return !quote;
}

static int read_words(struct parser *parser, struct statement *statement, const struct line *line)
{
	const char *at = line->text, *end = line->text + line->size;
	struct arena *arena = &parser->imported->arena;
	char *word = arena_alloc(arena, line->size + 1);

	while ((at = skip_blanks(at, end)) < end && *at != '#') {
		size_t size;

		if (!read_word(&at, end, word, &size))
			return import_fail(parser->error, line->number, "the quote is not closed");
		source_word(arena, statement, word, size);
	}
	return 0;
}

/* Whether the line belongs to an .if: its lines may hold or not. */
static bool in_condition(struct parser *parser, const char *first, unsigned line)
{
	if (!parser->condition)
		return false;
	parser->condition->last = line;
	if (!strcmp(first, ".if"))
		parser->depth++;
	if (!strcmp(first, ".endif") && !--parser->depth)
		parser->condition = NULL;
	return true;
}

static void add_line(struct parser *parser, const struct statement *read)
{
	struct statement *root = &parser->imported->source;
	bool section = is_section(word_at(read, 0));
	struct statement *added =
		source_add(&parser->imported->arena,
			   section || !parser->section ? root : parser->section, read->line);

	added->words = read->words;
	added->n_words = read->n_words;
	if (section)
		parser->section = added;
	if (parser->section)
		parser->section->last = read->line;
	if (!word_is(read, 0, ".if"))
		return;
	added->why = "conditions are not followed: it may hold or not";
	parser->condition = added;
	parser->depth = 1;
}

static int read_line(struct parser *parser, const struct line *line)
{
	struct statement read = {.line = line->number};
	const char *first;

	if (read_words(parser, &read, line))
		return -1;
	if (!read.n_words)
		return 0;
	first = word_at(&read, 0);
	if (in_condition(parser, first, line->number)) {
		if (parser->section)
			parser->section->last = line->number;
		return 0;
	}
	if (!parser->section && !is_section(first) && first[0] != '.')
		return import_fail(parser->error, line->number,
				   "\"%.60s\" stands before any section (global, defaults, ...)",
				   first);
	add_line(parser, &read);
	return 0;
}

int haproxy_parse(struct imported *imported, const struct import_input *input,
		  struct import_error *error)
{
	struct parser parser = {.imported = imported, .error = error};
	struct line line = {.text = input->text};

	while (line_next(&line))
		if (read_line(&parser, &line))
			return -1;
	if (parser.condition)
		return import_fail(error, parser.condition->line, ".endif is missing for this .if");
	return 0;
}
