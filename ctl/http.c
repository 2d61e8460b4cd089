/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http.h"

#include "connection.h"
#include "fail.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 10000
#define ANSWER_MAX (256u << 20)
#define SILENCE_S  20 /* four heartbeats of a stream */

struct buffer {
	char *text; /* owned, terminated */
	size_t size;
};

static size_t take(char *bytes, size_t one, size_t size, void *argument)
{
	struct buffer *buffer = argument;

	if (buffer->size + size > ANSWER_MAX)
		return 0;
	buffer->text = grow(buffer->text, buffer->size + size + 1);
	memcpy(buffer->text + buffer->size, bytes, size);
	buffer->size += size;
	buffer->text[buffer->size] = '\0';
	return size;
}

/* ---- errors ------------------------------------------------------------------------------------------- */

static int exit_of(long status)
{
	static const struct {
		long status;
		enum sluice_exit exit;
	} table[] = {
		{401, SLUICE_EXIT_PERMISSION}, {403, SLUICE_EXIT_PERMISSION},
		{404, SLUICE_EXIT_NOT_FOUND},  {412, SLUICE_EXIT_CONFLICT},
		{422, SLUICE_EXIT_CONFIG},     {400, SLUICE_EXIT_USAGE},
		{409, SLUICE_EXIT_CONFLICT},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (table[i].status == status)
			return table[i].exit;
	return SLUICE_EXIT_FAILURE;
}

/* Errors of a file are printed as they are, so that editors find the place. */
static void print_errors(const json_t *problem)
{
	json_t *error;
	size_t i;

	json_array_foreach(json_object_get(problem, "errors"), i, error)
	{
		const char *where = json_string_value(json_object_get(error, "where"));
		const char *what = json_string_value(json_object_get(error, "what"));

		fprintf(stderr, "%s: %s\n", where ? where : "?", what ? what : "?");
	}
	if (json_object_get(problem, "dropped"))
		fprintf(stderr, "and %lld more\n",
			(long long)json_integer_value(json_object_get(problem, "dropped")));
}

int http_fail(const struct invocation *invocation, long status, const char *text)
{
	json_t *problem = json_loads(text ? text : "", 0, NULL);
	const char *title = json_string_value(json_object_get(problem, "title"));

	if (invocation->json && problem) {
		json_dumpf(problem, stdout, JSON_INDENT(2));
		putchar('\n');
	}
	print_errors(problem);
	fail(exit_of(status), "%s", title ? title : "the daemon's answer is no problem object");
	json_decref(problem);
	return exit_of(status);
}

/* ---- the request --------------------------------------------------------------------------------------- */

/* Of a change only: what is looked at on the way may be of any generation. */
static const char *wanted_generation(const struct invocation *invocation,
				     const struct http_request *request)
{
	return strcmp(request->method, "GET") ? invocation->values[OPTION_NUMBER_IF_GENERATION]
					      : NULL;
}

static struct curl_slist *headers(const struct http_request *request, const char *generation)
{
	/* Without "Expect", or large bodies wait for an answer first. */
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");
	_free_ char *match = NULL;

	if (request->body)
		list = curl_slist_append(list, "Content-Type: application/octet-stream");
	if (generation) {
		match = text_printf("If-Match: \"%s\"", generation);
		list = curl_slist_append(list, match);
	}
	return list;
}

static void set_up(CURL *curl, const struct http_request *request, struct curl_slist *list)
{
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
	if (!request->body)
		return;
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->size);
}

static int transfer(const struct invocation *invocation, CURL *curl, struct buffer *buffer)
{
	CURLcode code = curl_easy_perform(curl);
	long status = 0;

	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (code)
		return connection_fail(invocation, code);
	return status == 200 ? SLUICE_EXIT_OK : http_fail(invocation, status, buffer->text);
}

static int perform(const struct invocation *invocation, const struct http_request *request,
		   struct buffer *buffer)
{
	long timeout = invocation->timeout_ms ? (long)invocation->timeout_ms : TIMEOUT_MS;
	struct curl_slist *list = headers(request, wanted_generation(invocation, request));
	CURL *curl = curl_easy_init();
	_free_ char *url = NULL;
	int status;

	if (!curl || !list)
		return fail(SLUICE_EXIT_FAILURE, "libcurl does not start");
	status = connection_set_up(invocation, curl, request->path, &list, &url);
	set_up(curl, request, list);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, buffer);
	if (!status)
		status = transfer(invocation, curl, buffer);
	curl_easy_cleanup(curl);
	curl_slist_free_all(list);
	return status;
}

/* ---- answers without end ------------------------------------------------------------------------------- */

struct stream {
	CURL *curl;
	struct buffer buffer; /* a line's beginning; or an error's text */
	http_line_fn *take;
	void *context;
};

static long status_of(CURL *curl)
{
	long status = 0;

	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static size_t take_part(char *bytes, size_t one, size_t size, void *argument)
{
	struct stream *stream = argument;
	struct buffer *buffer = &stream->buffer;
	char *at, *end;

	if (take(bytes, one, size, buffer) != size)
		return 0;
	if (status_of(stream->curl) != 200)
		return size;
	for (at = buffer->text; (end = memchr(at, '\n', buffer->text + buffer->size - at));
	     at = end + 1) {
		*end = '\0';
		stream->take(stream->context, at);
	}
	buffer->size -= at - buffer->text;
	memmove(buffer->text, at, buffer->size + 1);
	return size;
}

/* A connection that breaks is no failure: whoever reads goes on where it was. */
static int stream_lines(const struct invocation *invocation, struct stream *stream)
{
	long status;

	curl_easy_setopt(stream->curl, CURLOPT_TIMEOUT_MS, 0L);
	curl_easy_setopt(stream->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(stream->curl, CURLOPT_LOW_SPEED_TIME, (long)SILENCE_S);
	curl_easy_setopt(stream->curl, CURLOPT_WRITEFUNCTION, take_part);
	curl_easy_setopt(stream->curl, CURLOPT_WRITEDATA, stream);
	curl_easy_perform(stream->curl);
	status = status_of(stream->curl);
	return status && status != 200 ? http_fail(invocation, status, stream->buffer.text)
				       : SLUICE_EXIT_OK;
}

int http_lines(const struct invocation *invocation, const char *path, http_line_fn *take_line,
	       void *context)
{
	const struct http_request request = {.method = "GET", .path = path};
	struct stream stream = {.curl = curl_easy_init(), .take = take_line, .context = context};
	struct curl_slist *list = headers(&request, NULL);
	_free_ char *url = NULL;
	int status;

	if (!stream.curl || !list)
		return fail(SLUICE_EXIT_FAILURE, "libcurl does not start");
	status = connection_set_up(invocation, stream.curl, path, &list, &url);
	set_up(stream.curl, &request, list);
	if (!status)
		status = stream_lines(invocation, &stream);
	curl_easy_cleanup(stream.curl);
	curl_slist_free_all(list);
	free(stream.buffer.text);
	return status;
}

/* ---- answers with one -------------------------------------------------------------------------------- */

int http_text(const struct invocation *invocation, const struct http_request *request,
	      char **ret_text, size_t *ret_size)
{
	struct buffer buffer = {.text = text_printf("%s", "")};
	int status = perform(invocation, request, &buffer);

	if (status) {
		free(buffer.text);
		return status;
	}
	*ret_text = buffer.text;
	if (ret_size)
		*ret_size = buffer.size;
	return SLUICE_EXIT_OK;
}

int http_json(const struct invocation *invocation, const struct http_request *request,
	      json_t **ret_object)
{
	_free_ char *text = NULL;
	json_t *object;
	int status = http_text(invocation, request, &text, NULL);

	if (status)
		return status;
	object = json_loads(text, 0, NULL);
	if (!object)
		return fail(SLUICE_EXIT_FAILURE, "the daemon's answer is no JSON");
	*ret_object = object;
	return SLUICE_EXIT_OK;
}

int http_get(const struct invocation *invocation, const char *path, json_t **ret_object)
{
	const struct http_request request = {.method = "GET", .path = path};

	return http_json(invocation, &request, ret_object);
}

char *http_escape(const char *text)
{
	char *escaped = curl_easy_escape(NULL, text, 0), *copy;

	copy = text_printf("%s", escaped ? escaped : "");
	curl_free(escaped);
	return copy;
}
