/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http.h"

#include "fail.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

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

/* ---- whether anybody is there ------------------------------------------------------------------------- */

static int try_connect(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat found;
	int fd, result;

	if (strlen(path) >= sizeof(address.sun_path))
		return ENAMETOOLONG;
	if (!stat(path, &found) && !S_ISSOCK(found.st_mode))
		return ENOTSOCK;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	result = connect(fd, (struct sockaddr *)&address, sizeof(address)) ? errno : 0;
	close(fd);
	return result;
}

bool http_is_daemon_there(const struct invocation *invocation)
{
	int code = try_connect(invocation->socket);

	return code != ENOENT && code != ECONNREFUSED && code != ENOTSOCK;
}

/* curl only says that it could not connect. */
static int fail_connect(const char *socket)
{
	int code = try_connect(socket);

	if (code == EACCES || code == EPERM)
		return fail(SLUICE_EXIT_PERMISSION,
			    "no permission for %s: be root, or a member of the socket's group",
			    socket);
	if (code == ENAMETOOLONG)
		return fail(SLUICE_EXIT_USAGE,
			    "%s: too long for a socket's path (at most %zu bytes)", socket,
			    sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1);
	if (code == ENOTSOCK)
		return fail(SLUICE_EXIT_NO_DAEMON,
			    "%s is no socket: it is `api.socket` that is meant", socket);
	if (code == ENOENT)
		return fail(SLUICE_EXIT_NO_DAEMON, "no daemon answers at %s: is sluiced running?",
			    socket);
	if (code == ECONNREFUSED)
		return fail(SLUICE_EXIT_NO_DAEMON,
			    "no daemon answers at %s: sluiced has ended, its socket is left",
			    socket);
	return fail(SLUICE_EXIT_NO_DAEMON, "%s: %s", socket,
		    code ? strerror(code) : "the daemon hung up");
}

/* ---- errors ------------------------------------------------------------------------------------------- */

static int exit_of(long status)
{
	static const struct {
		long status;
		enum sluice_exit exit;
	} table[] = {
		{403, SLUICE_EXIT_PERMISSION}, {404, SLUICE_EXIT_NOT_FOUND},
		{412, SLUICE_EXIT_CONFLICT},   {422, SLUICE_EXIT_CONFIG},
		{400, SLUICE_EXIT_USAGE},      {409, SLUICE_EXIT_CONFLICT},
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

static int fail_status(const struct invocation *invocation, long status, const char *text)
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

static struct curl_slist *headers(const struct http_request *request)
{
	/* Without "Expect", or large bodies wait for an answer first. */
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");
	_free_ char *match = NULL;

	if (request->body)
		list = curl_slist_append(list, "Content-Type: application/octet-stream");
	if (request->if_match) {
		match = text_printf("If-Match: \"%s\"", request->if_match);
		list = curl_slist_append(list, match);
	}
	return list;
}

static void set_up(CURL *curl, const struct invocation *invocation,
		   const struct http_request *request, const char *url, struct curl_slist *list,
		   struct buffer *buffer)
{
	long timeout = invocation->timeout_ms ? (long)invocation->timeout_ms : TIMEOUT_MS;

	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, invocation->socket);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, buffer);
	if (!request->body)
		return;
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->size);
}

static int perform(const struct invocation *invocation, const struct http_request *request,
		   struct buffer *buffer)
{
	_free_ char *url = text_printf("http://sluice%s", request->path);
	struct curl_slist *list = headers(request);
	CURL *curl = curl_easy_init();
	long status = 0;
	CURLcode code;

	if (!curl || !list)
		return fail(SLUICE_EXIT_FAILURE, "libcurl does not start");
	set_up(curl, invocation, request, url, list, buffer);
	code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(curl);
	curl_slist_free_all(list);
	/* The latter is what it says of a path that is too long. */
	if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST)
		return fail_connect(invocation->socket);
	if (code == CURLE_OPERATION_TIMEDOUT)
		return fail(SLUICE_EXIT_TIMED_OUT, "the daemon at %s did not answer in time",
			    invocation->socket);
	if (code)
		return fail(SLUICE_EXIT_FAILURE, "%s: %s", invocation->socket,
			    curl_easy_strerror(code));
	return status == 200 ? SLUICE_EXIT_OK : fail_status(invocation, status, buffer->text);
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

int http_lines(const struct invocation *invocation, const char *path, http_line_fn *take_line,
	       void *context)
{
	const struct http_request request = {.method = "GET", .path = path};
	_free_ char *url = text_printf("http://sluice%s", path);
	struct curl_slist *list = headers(&request);
	struct stream stream = {.curl = curl_easy_init(), .take = take_line, .context = context};
	int status = SLUICE_EXIT_OK;

	if (!stream.curl || !list)
		return fail(SLUICE_EXIT_FAILURE, "libcurl does not start");
	set_up(stream.curl, invocation, &request, url, list, &stream.buffer);
	curl_easy_setopt(stream.curl, CURLOPT_TIMEOUT_MS, 0L);
	curl_easy_setopt(stream.curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(stream.curl, CURLOPT_LOW_SPEED_TIME, (long)SILENCE_S);
	curl_easy_setopt(stream.curl, CURLOPT_WRITEFUNCTION, take_part);
	curl_easy_setopt(stream.curl, CURLOPT_WRITEDATA, &stream);
	curl_easy_perform(stream.curl);
	if (status_of(stream.curl) && status_of(stream.curl) != 200)
		status = fail_status(invocation, status_of(stream.curl), stream.buffer.text);
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
