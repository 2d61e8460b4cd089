/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * keepalived.conf's syntax: a statement a line, { at its end opens its block, } closes it. Comments
 * begin with # or !, quotes are ". Source: keepalived.conf(5).
 */
#include "import/keepalived.h"
#include "import/split.h"

#include <string.h>

#define DEPTH_MAX 16

struct parser {
	struct imported *imported;
	struct import_error *error;
	struct statement *open[DEPTH_MAX];
	unsigned depth;
	struct statement *now;	/* of this line, or NULL */
	struct statement *last; /* that a { on a line of its own belongs to */
};

static int open_block(struct parser *parser, unsigned line)
{
	struct statement *statement = parser->now ? parser->now : parser->last;

	if (!statement || statement->open)
		return import_fail(parser->error, line, "{ stands behind nothing");
	if (parser->depth + 1 == DEPTH_MAX)
		return import_fail(parser->error, line, "blocks are nested deeper than %d",
				   DEPTH_MAX - 1);
	statement->open = true;
	parser->open[++parser->depth] = statement;
	parser->now = parser->last = NULL;
	return 0;
}

static int close_block(struct parser *parser, unsigned line)
{
	if (!parser->depth)
		return import_fail(parser->error, line, "} closes nothing");
	parser->open[parser->depth--]->last = line;
	parser->now = parser->last = NULL;
	return 0;
}

static void add_word(struct parser *parser, unsigned line, const char *text, size_t size)
{
	struct arena *arena = &parser->imported->arena;

	if (!parser->now)
		parser->now = source_add(arena, parser->open[parser->depth], line);
	parser->last = parser->now;
	source_word(arena, parser->now, text, size);
}

static int read_quoted(struct parser *parser, const struct line *line, const char **at)
{
	const char *end = line->text + line->size, *begin = *at + 1;
	const char *quote = memchr(begin, '"', end - begin);

	if (!quote)
		return import_fail(parser->error, line->number, "the quote is not closed");
	add_word(parser, line->number, begin, quote - begin);
	*at = quote + 1;
	return 0;
}

static const char *word_end(const char *at, const char *end)
{
	const char *stop = skip_word(at, end);

	for (const char *letter = at; letter < stop; letter++)
		if (strchr("#!\"", *letter) && letter > at)
			return letter;
	/* HTTP_GET{: the brace is none of the word's. */
	if (stop - at > 1 && stop[-1] == '{' && !memchr(at, '}', stop - at))
		stop--;
	return stop;
}

static int read_line(struct parser *parser, const struct line *line)
{
	const char *end = line->text + line->size, *at = line->text;
	int failed = 0;

	parser->now = NULL;
	while (!failed && (at = skip_blanks(at, end)) < end && !strchr("#!", *at)) {
		const char *stop = word_end(at, end);

		if (*at == '"') {
			failed = read_quoted(parser, line, &at);
			continue;
		}
		if (*at == '{' || *at == '}')
			stop = at + 1;
		if (*at == '{')
			failed = open_block(parser, line->number);
		else if (*at == '}')
			failed = close_block(parser, line->number);
		else
			add_word(parser, line->number, at, stop - at);
		at = stop;
	}
	return failed;
}

int keepalived_parse(struct imported *imported, const struct import_input *input,
		     struct import_error *error)
{
	struct parser parser = {.imported = imported, .error = error};
	struct line line = {.text = input->text};

	parser.open[0] = &imported->source;
	while (line_next(&line))
		if (read_line(&parser, &line))
			return -1;
	if (parser.depth)
		return import_fail(error, parser.open[parser.depth]->line,
				   "the block that begins here is not closed: } is missing");
	return 0;
}
