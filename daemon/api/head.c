/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api/head.h"

#include "base/memory.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

struct line {
	const char *text; /* not terminated */
	size_t size;	  /* without CR LF */
};

struct seen {
	unsigned lengths;
	unsigned codings;
	unsigned hosts;
	bool http_1_1;
};

static enum head_result refuse(struct head_refusal *ret, unsigned status, const char *why)
{
	*ret = (struct head_refusal){status, why};
	return HEAD_BAD;
}

/* Finds the empty line; refuses bytes that readers disagree on. */
static enum head_result find_end(const char *bytes, size_t size, size_t *ret_end,
				 struct head_refusal *ret)
{
	size_t line = 0;

	for (size_t i = 0; i < size && i < HEAD_MAX; i++) {
		unsigned char c = bytes[i];

		if (!c)
			return refuse(ret, 400, "a NUL in the head");
		if (c == '\n' && (!i || bytes[i - 1] != '\r'))
			return refuse(ret, 400, "a line feed without a carriage return");
		if (c != '\n' && i && bytes[i - 1] == '\r')
			return refuse(ret, 400, "a carriage return without a line feed");
		if ((c < ' ' && !strchr("\t\r\n", c)) || c == 0x7f)
			return refuse(ret, 400, "a control character in the head");
		if (c != '\n')
			continue;
		if (i + 1 - line == 2) {
			*ret_end = i + 1;
			return HEAD_GOOD;
		}
		line = i + 1;
	}
	return size < HEAD_MAX ? HEAD_INCOMPLETE : refuse(ret, 431, "the head is over 8 KiB");
}

static bool take_line(const char **at, const char *end, struct line *ret_line)
{
	const char *cr = memchr(*at, '\r', end - *at);

	ret_line->text = *at;
	ret_line->size = cr - *at;
	*at = cr + 2;
	return ret_line->size;
}

static bool is_token(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (text[i] <= ' ' || strchr("\"(),/:;<=>?@[\\]{}\x7f", text[i]))
			return false;
	return size;
}

static bool equals(const struct line *a, const char *word)
{
	return a->size == strlen(word) && !strncasecmp(a->text, word, a->size);
}

static enum head_result check_request_line(const struct line *line, struct seen *seen,
					   struct head_refusal *ret)
{
	const char *end = line->text + line->size;
	const char *space = memchr(line->text, ' ', line->size);
	const char *target = space ? space + 1 : end;
	const char *second = memchr(target, ' ', end - target);
	struct line version = {second ? second + 1 : end, second ? end - second - 1 : 0};

	if (!second || !is_token(line->text, space - line->text))
		return refuse(ret, 400, "no request line");
	if (target[0] != '/' || memmem(target, second - target, "%00", 3))
		return refuse(ret, 400, "not a path");
	seen->http_1_1 = version.size == 8 && !memcmp(version.text, "HTTP/1.1", 8);
	if (!seen->http_1_1 && (version.size != 8 || memcmp(version.text, "HTTP/1.0", 8)))
		return refuse(ret, 505, "neither HTTP/1.1 nor HTTP/1.0");
	return HEAD_GOOD;
}

static struct line trim(struct line value)
{
	while (value.size && strchr(" \t", value.text[0]))
		value.text++, value.size--;
	while (value.size && strchr(" \t", value.text[value.size - 1]))
		value.size--;
	return value;
}

static bool is_number(const struct line *value)
{
	for (size_t i = 0; i < value->size; i++)
		if (value->text[i] < '0' || value->text[i] > '9')
			return false;
	return value->size && value->size < 19;
}

static enum head_result check_field(const struct line *line, struct seen *seen,
				    struct head_refusal *ret)
{
	const char *colon = memchr(line->text, ':', line->size);
	struct line name = {line->text, colon ? colon - line->text : 0};
	struct line value;

	if (!is_token(name.text, name.size))
		return refuse(ret, 400, "not a header field");
	value = trim((struct line){colon + 1, line->size - name.size - 1});
	if (equals(&name, "content-length")) {
		seen->lengths++;
		if (!is_number(&value))
			return refuse(ret, 400, "Content-Length is not a number");
	}
	if (equals(&name, "transfer-encoding")) {
		seen->codings++;
		if (!equals(&value, "chunked"))
			return refuse(ret, 501, "a transfer coding other than chunked");
	}
	seen->hosts += equals(&name, "host");
	return HEAD_GOOD;
}

static enum head_result check_seen(const struct seen *seen, struct head_refusal *ret)
{
	if (seen->lengths > 1)
		return refuse(ret, 400, "more than one Content-Length");
	if (seen->codings > 1)
		return refuse(ret, 400, "more than one Transfer-Encoding");
	if (seen->lengths && seen->codings)
		return refuse(ret, 400, "both Content-Length and Transfer-Encoding");
	if (seen->hosts > 1 || (seen->http_1_1 && !seen->hosts))
		return refuse(ret, 400, "not exactly one Host");
	return HEAD_GOOD;
}

enum head_result head_check(const char *bytes, size_t size, struct head_refusal *ret_refusal)
{
	const char *at = bytes;
	struct seen seen = {0};
	struct line line;
	size_t end;
	enum head_result result = find_end(bytes, size, &end, ret_refusal);

	if (result != HEAD_GOOD)
		return result;
	if (!take_line(&at, bytes + end, &line))
		return refuse(ret_refusal, 400, "an empty line before the request");
	result = check_request_line(&line, &seen, ret_refusal);
	while (result == HEAD_GOOD && take_line(&at, bytes + end, &line))
		result = check_field(&line, &seen, ret_refusal);
	return result == HEAD_GOOD ? check_seen(&seen, ret_refusal) : result;
}
