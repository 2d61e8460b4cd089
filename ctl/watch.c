/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "watch.h"

#include "connection.h"
#include "fail.h"
#include "http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SILENCE_S  40L /* a heartbeat comes each 15 s */
#define STREAM_MAX (256u << 20)

struct stream {
	const struct invocation *invocation;
	watch_show_fn *show;
	const void *context;
	char *text; /* owned: a line's beginning, or a refusal; terminated */
	size_t size;
	char *cursor; /* owned: the last that came */
	bool live;    /* a line has come since it was opened */
	bool again;   /* something has been shown */
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}

/* ---- lines --------------------------------------------------------------------------------------------- */

static void show(struct stream *stream, const json_t *object)
{
	if (stream->invocation->json) {
		json_dumpf(object, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		if (isatty(STDOUT_FILENO))
			fputs("\033[H\033[2J", stdout);
		else if (stream->again)
			putchar('\n');
		stream->show(stream->invocation, object, stream->context);
	}
	stream->again = true;
	fflush(stdout);
}

static void take_line(struct stream *stream, const char *line, size_t size)
{
	json_t *object = json_loadb(line, size, 0, NULL);
	const char *cursor = json_string_value(json_object_get(object, "cursor"));
	const char *kind = json_string_value(json_object_get(object, "kind"));

	if (cursor && kind) {
		free(stream->cursor);
		stream->cursor = text_printf("%s", cursor);
		stream->live = true;
		if (strcmp(kind, "Heartbeat") != 0)
			show(stream, object);
	}
	json_decref(object);
}

static size_t take(char *bytes, size_t one, size_t size, void *argument)
{
	struct stream *stream = argument;
	char *begin, *end;

	if (stream->size + size > STREAM_MAX)
		return 0;
	stream->text = grow(stream->text, stream->size + size + 1);
	memcpy(stream->text + stream->size, bytes, size);
	stream->size += size;
	stream->text[stream->size] = '\0';
	for (begin = stream->text; (end = strchr(begin, '\n')); begin = end + 1)
		take_line(stream, begin, end - begin);
	/* What is no line of the stream is kept: it says why there is none. */
	if (!stream->live)
		return size;
	stream->size -= begin - stream->text;
	memmove(stream->text, begin, stream->size + 1);
	return size;
}

/* ---- one connection ------------------------------------------------------------------------------------ */

static CURLcode transfer(struct stream *stream, CURL *curl, struct curl_slist *list,
			 uint64_t left_ms, long *ret_status)
{
	CURLcode code;

	stream->size = 0;
	stream->live = false;
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, stream);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)left_ms);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, SILENCE_S);
	code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
	return code;
}

/* OK: it ran, and may be taken up again. */
static int run_once(struct stream *stream, const char *path, uint64_t left_ms)
{
	_free_ char *whole = text_printf("%s?watch=1%s%s", path, stream->cursor ? "&after=" : "",
					 stream->cursor ? stream->cursor : "");
	struct curl_slist *list = NULL;
	CURL *curl = curl_easy_init();
	CURLcode code = CURLE_OK;
	_free_ char *url = NULL;
	long answer = 200;
	int status;

	if (!curl)
		return fail(SLUICE_EXIT_FAILURE, "libcurl does not start");
	status = connection_set_up(stream->invocation, curl, whole, &list, &url);
	if (!status)
		code = transfer(stream, curl, list, left_ms, &answer);
	curl_easy_cleanup(curl);
	curl_slist_free_all(list);
	if (status || (code == CURLE_OPERATION_TIMEDOUT && left_ms) || stream->live)
		return status;
	if (code)
		return connection_fail(stream->invocation, code);
	return answer == 200 ? SLUICE_EXIT_OK : http_fail(stream->invocation, answer, stream->text);
}

int watch_run(const struct invocation *invocation, const char *path, watch_show_fn *show_fn,
	      const void *context)
{
	struct stream stream = {.invocation = invocation, .show = show_fn, .context = context};
	const uint64_t end_ms = invocation->timeout_ms ? now_ms() + invocation->timeout_ms : 0;
	const struct timespec pause = {.tv_sec = 1};
	int status;

	for (;;) {
		uint64_t now = now_ms();

		status = 0;
		if (end_ms && now >= end_ms)
			break;
		status = run_once(&stream, path, end_ms ? end_ms - now : 0);
		if (status)
			break;
		if (!end_ms || now_ms() < end_ms)
			nanosleep(&pause, NULL);
	}
	free(stream.text);
	free(stream.cursor);
	return status;
}
