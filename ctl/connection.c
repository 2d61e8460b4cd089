/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "connection.h"

#include "fail.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define TOKEN_MAX 4096

/* ---- by the socket ------------------------------------------------------------------------------------- */

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

bool connection_is_daemon_there(const struct invocation *invocation)
{
	int code = invocation->server ? 0 : try_connect(invocation->socket);

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

/* ---- by TCP -------------------------------------------------------------------------------------------- */

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* A token in plain text is anybody's who can read the way: only where there is none. */
static bool is_plain_on_loopback(const char *server)
{
	return begins(server, "http://127.0.0.1:") || begins(server, "http://[::1]:") ||
	       begins(server, "http://localhost:");
}

static int check_server(const char *server)
{
	const char *rest = strstr(server, "://");

	if (rest && rest[3] && !strpbrk(rest + 3, "/?#@ ") &&
	    (begins(server, "https://") || is_plain_on_loopback(server)))
		return SLUICE_EXIT_OK;
	if (begins(server, "http://"))
		return fail(SLUICE_EXIT_USAGE,
			    "%s: a token would be sent as plain text: use https://, or a loopback "
			    "address",
			    server);
	return fail(SLUICE_EXIT_USAGE, "\"%s\" is not https://HOST:PORT", server);
}

/* One word, the first line of the file. */
static int read_token(const char *path, char token[TOKEN_MAX])
{
	FILE *file = fopen(path, "re");
	struct stat about;
	size_t size;

	if (!file)
		return fail(SLUICE_EXIT_FAILURE, "%s: %s", path, strerror(errno));
	size = fread(token, 1, TOKEN_MAX - 1, file);
	token[size] = '\0';
	if (fstat(fileno(file), &about))
		about.st_mode = 0;
	fclose(file);
	token[strcspn(token, "\r\n")] = '\0';
	if (S_ISREG(about.st_mode) && about.st_mode & 077)
		return fail(SLUICE_EXIT_PERMISSION,
			    "%s: mode %03o lets others read the token; make it 0600", path,
			    about.st_mode & 0777);
	if (!token[0] || strpbrk(token, " \t"))
		return fail(SLUICE_EXIT_USAGE, "%s: the first line is no token", path);
	return SLUICE_EXIT_OK;
}

static int set_up_server(const struct invocation *invocation, CURL *curl,
			 struct curl_slist **ret_headers)
{
	int status = check_server(invocation->server);
	char token[TOKEN_MAX];
	_free_ char *header = NULL;

	if (!status && !invocation->token_file)
		status = fail(SLUICE_EXIT_USAGE, "--server needs --token-file FILE");
	if (!status)
		status = read_token(invocation->token_file, token);
	if (status)
		return status;
	header = text_printf("Authorization: Bearer %s", token);
	*ret_headers = curl_slist_append(*ret_headers, header);
	if (invocation->ca)
		curl_easy_setopt(curl, CURLOPT_CAINFO, invocation->ca);
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	return SLUICE_EXIT_OK;
}

int connection_set_up(const struct invocation *invocation, CURL *curl, const char *path,
		      struct curl_slist **ret_headers, char **ret_url)
{
	const char *server = invocation->server;

	*ret_url = text_printf("%s%s", server ? server : "http://sluice", path);
	curl_easy_setopt(curl, CURLOPT_URL, *ret_url);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	if (server)
		return set_up_server(invocation, curl, ret_headers);
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, invocation->socket);
	return SLUICE_EXIT_OK;
}

static int fail_server(const struct invocation *invocation, CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return fail(SLUICE_EXIT_NO_DAEMON, "%s: no such host", invocation->server);
	case CURLE_COULDNT_CONNECT:
		return fail(SLUICE_EXIT_NO_DAEMON,
			    "no daemon answers at %s: is `api.listen` set there?",
			    invocation->server);
	case CURLE_PEER_FAILED_VERIFICATION:
		return fail(SLUICE_EXIT_PERMISSION,
			    "%s: its certificate is not to be trusted: it is for another host, has "
			    "expired, or needs --ca FILE",
			    invocation->server);
	case CURLE_SSL_CACERT_BADFILE:
		return fail(SLUICE_EXIT_USAGE, "%s: no certificates can be read", invocation->ca);
	default:
		return fail(SLUICE_EXIT_FAILURE, "%s: %s", invocation->server,
			    curl_easy_strerror(code));
	}
}

/* ---- either way ---------------------------------------------------------------------------------------- */

int connection_fail(const struct invocation *invocation, CURLcode code)
{
	const char *name = invocation->server ? invocation->server : invocation->socket;

	if (code == CURLE_OPERATION_TIMEDOUT)
		return fail(SLUICE_EXIT_TIMED_OUT, "the daemon at %s did not answer in time", name);
	if (invocation->server)
		return fail_server(invocation, code);
	/* The latter is what it says of a path that is too long. */
	if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST)
		return fail_connect(invocation->socket);
	return fail(SLUICE_EXIT_FAILURE, "%s: %s", name, curl_easy_strerror(code));
}
