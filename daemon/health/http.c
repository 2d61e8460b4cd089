/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http.c - the probe that asks for a page and judges its status.
 *
 * Straight to the backend's address: no name is looked up, no proxy asked, no redirect followed. The
 * page is read to its end, so that a backend that stops in the middle fails, but no further than
 * HTTP_BYTES_MAX; then the status decides all the same.
 */
#include "health/probe.h"

#include "base/memory.h"
#include "health/curl_loop.h"

#include <errno.h>
#include <stdlib.h>

#define HTTP_BYTES_MAX (64u << 10) /* headers and body together */

struct http_probe {
	struct probe_request request;
	struct curl_loop *loop;	    /* borrowed */
	CURL *easy;		    /* owned */
	struct curl_slist *headers; /* owned */
	size_t received;
	int socket_error; /* positive errno of making the socket */
};

static void http_free(struct http_probe *probe)
{
	curl_easy_cleanup(probe->easy);
	curl_slist_free_all(probe->headers);
	free(probe);
}

static void http_cancel(void *context)
{
	struct http_probe *probe = context;

	curl_loop_remove(probe->loop, probe->easy);
	http_free(probe);
}

static void judge_status(const struct http_probe *probe, long status,
			 struct probe_result *ret_result)
{
	const struct config_health *check = probe->request.check;
	bool good = status >= check->expect_first && status <= check->expect_last;

	ret_result->outcome = good ? PROBE_SUCCESS : PROBE_FAILURE;
	snprintf(ret_result->text, sizeof(ret_result->text), "HTTP %ld", status);
}

static const char *failure_text(CURLcode code)
{
	switch (code) {
	case CURLE_GOT_NOTHING: return "closed without an answer";
	case CURLE_PARTIAL_FILE: return "closed in the middle of the answer";
	case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9: no status line */
	case CURLE_WEIRD_SERVER_REPLY: return "not an HTTP answer";
	case CURLE_OUT_OF_MEMORY: /* what libcurl calls a line beyond its 100 KiB */
		return "header line too long";
	case CURLE_RECV_ERROR: return "connection broke while receiving";
	case CURLE_SEND_ERROR: return "connection broke while sending";
	default: return curl_easy_strerror(code);
	}
}

static void judge(const struct http_probe *probe, CURLcode code, struct probe_result *ret_result)
{
	bool cut_by_us = code == CURLE_WRITE_ERROR && probe->received > HTTP_BYTES_MAX;
	long status = 0;
	long error = 0;

	curl_easy_getinfo(probe->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(probe->easy, CURLINFO_OS_ERRNO, &error);
	if (code == CURLE_OK || (cut_by_us && status)) {
		judge_status(probe, status, ret_result);
	} else if (probe->socket_error) {
		probe_result_of_errno(probe->socket_error, ret_result);
	} else if (code == CURLE_COULDNT_CONNECT && error) {
		probe_result_of_errno(error, ret_result);
	} else {
		ret_result->outcome = PROBE_FAILURE;
		snprintf(ret_result->text, sizeof(ret_result->text), "%s", failure_text(code));
	}
}

static void http_done(CURL *easy, CURLcode code)
{
	struct http_probe *probe;
	struct probe_request request;
	struct probe_result result;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &probe);
	request = probe->request;
	judge(probe, code, &result);
	http_free(probe);
	request.done(request.context, &result);
}

/* Headers and body alike: counted and thrown away. Less than all of it ends the transfer. */
static size_t discard(char *data, size_t size, size_t count, void *context)
{
	struct http_probe *probe = context;

	probe->received += size * count;
	return probe->received > HTTP_BYTES_MAX ? 0 : size * count;
}

static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct http_probe *probe = context;
	int fd = probe_socket(address->family);

	if (fd >= 0)
		return fd;
	probe->socket_error = -fd;
	return CURL_SOCKET_BAD;
}

static void set_target(struct http_probe *probe)
{
	const struct config_health *check = probe->request.check;
	const struct address *address = probe->request.address;
	char text[ADDRESS_TEXT_MAX];
	_cleanup_free_ char *url =
		sl_printf(address->family == 6 ? "http://[%s]:%u%s" : "http://%s:%u%s",
			  address_format(address, text), check->port, check->path);
	_cleanup_free_ char *host = check->host ? sl_printf("Host: %s", check->host) : NULL;

	curl_easy_setopt(probe->easy, CURLOPT_URL, url);
	curl_easy_setopt(probe->easy, CURLOPT_PATH_AS_IS, 1L);
	probe->headers = curl_slist_append(NULL, "Connection: close");
	if (host)
		probe->headers = curl_slist_append(probe->headers, host);
	curl_easy_setopt(probe->easy, CURLOPT_HTTPHEADER, probe->headers);
	curl_easy_setopt(probe->easy, CURLOPT_USERAGENT, "sluice");
}

static void set_limits(struct http_probe *probe)
{
	CURL *easy = probe->easy;

	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* libcurl keeps even literal addresses in its DNS cache and walks it: thousands stall it. */
	curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, probe);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, discard);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, probe);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, probe);
}

static void *http_start(struct event_base *base, void *shared, const struct probe_request *request)
{
	struct http_probe *probe = sl_calloc(1, sizeof(*probe));

	probe->request = *request;
	probe->loop = shared;
	probe->easy = curl_easy_init();
	if (!probe->easy)
		sl_out_of_memory();
	curl_easy_setopt(probe->easy, CURLOPT_PRIVATE, probe);
	set_target(probe);
	set_limits(probe);
	curl_loop_add(probe->loop, probe->easy);
	return probe;
}

static int http_open(struct event_base *base, void **ret_shared, struct sl_errors *errors)
{
	struct curl_loop *loop = curl_loop_new(base, http_done);

	if (!loop)
		return sl_fail(errors, ENOTSUP, "health", "libcurl cannot be initialised");
	*ret_shared = loop;
	return 0;
}

static void http_close(void *shared)
{
	curl_loop_free(shared);
}

const struct probe_kind probe_http = {
	.open = http_open,
	.close = http_close,
	.start = http_start,
	.cancel = http_cancel,
};
