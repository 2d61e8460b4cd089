/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "served.h"

#include "base/memory.h"
#include "change/change.h"
#include "config/read.h"
#include "override/override.h"
#include "state/events.h"
#include "state/store.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

const char served_config[] = "interfaces: {eth0: }\n"
			     "pools:\n"
			     "  web:\n"
			     "    check: {type: tcp, port: 80}\n"
			     "    backends:\n"
			     "      - {name: web1, address: 10.0.0.11}\n"
			     "      - {name: web2, address: 10.0.0.12, weight: 50}\n"
			     "  dns:\n"
			     "    check: {type: none}\n"
			     "    backends: [{name: dns1, address: \"2001:db8::53\"}]\n"
			     "services:\n"
			     "  www: {vip: 192.0.2.1, protocol: tcp, port: 80, pool: web}\n"
			     "  dns: {vip: \"2001:db8::1\", protocol: udp, port: any, pool: dns}\n";

static void must(bool condition, const char *what)
{
	if (condition)
		return;
	perror(what);
	abort();
}

static uint16_t port_of(int fd)
{
	struct sockaddr_in address;
	socklen_t size = sizeof(address);

	must(!getsockname(fd, (struct sockaddr *)&address, &size), "getsockname");
	return ntohs(address.sin_port);
}

/* The store comes before requests: once this one is answered, it is up to date. */
static void on_up_to_date(void *context, struct change_answer *answer)
{
	*(bool *)context = true;
}

static void begin_change(struct served *served, const char *text)
{
	struct change_request nothing = CHANGE_REQUEST(CHANGE_CONFIRM);
	struct store_options options = STORE_OPTIONS(served->state);
	struct change_options change = {.file = "/etc/sluice/sluice.yaml"};
	struct store_answer recall;
	struct config *config;
	bool done = false;

	must(!mkdir(served->state, 0700), "mkdir");
	must(!store_new(served->base, &options, &served->store, &recall, NULL), "store_new");
	served->events = events_new(served->base, served->store, 0);
	must(!config_read("start", text, strlen(text), &config, NULL), "config_read");
	served->overrides = overrides_new(
		served->base,
		&(struct override_options){fake_context().engine, served->store, served->events},
		&recall);
	change.engine = fake_context().engine;
	change.store = served->store;
	change.events = served->events;
	must(!change_new(served->base, &change, config, &recall, &served->change, NULL),
	     "change_new");
	store_answer_deinit(&recall);
	change_submit(served->change, &nothing, on_up_to_date, &done);
	while (!done)
		event_base_loop(served->base, EVLOOP_NONBLOCK);
	served->fake->commits = 0;
}

static void serve(struct served *served, const struct config_api *settings)
{
	struct sl_errors errors = {0};
	struct address loopback;
	struct api_context context = fake_context();
	struct api_sockets sockets;

	context.store = served->store;
	context.events = served->events;
	context.change = served->change;
	context.overrides = served->overrides;
	address_parse("127.0.0.1", &loopback);
	sockets.admin = api_listen_unix(served->socket, 0660, getuid(), getgid(), &errors);
	sockets.view = api_listen_unix(served->view, 0666, getuid(), getgid(), &errors);
	sockets.metrics = api_listen_tcp("api.metrics", &loopback, 0, &errors);
	sockets.tcp =
		settings->listen.family ? api_listen_tcp("api.listen", &loopback, 0, &errors) : -1;
	must(!errors.count, "listen");
	served->port = sockets.tcp < 0 ? 0 : port_of(sockets.tcp);
	served->metrics_port = port_of(sockets.metrics);
	must(!api_new(served->base, &context, settings, getuid(), &sockets, &served->api, &errors),
	     "api_new");
}

struct served served_start(const char *config)
{
	struct served served = {.directory = "/tmp/sluice-api-XXXXXX"};

	must(mkdtemp(served.directory), "mkdtemp");
	served_begin(&served, config);
	return served;
}

static char *served_file(struct served *served, const char *name)
{
	static char names[3][96];
	static unsigned next;
	char *path = names[next++ % 3];

	snprintf(path, sizeof(names[0]), "%s/%s", served->directory, name);
	return path;
}

void served_begin(struct served *served, const char *config)
{
	const char *text = config ? config : served_config;
	_cleanup_config_ struct config *settings = NULL;

	must(!config_read("settings", text, strlen(text), &settings, NULL), "settings");
	snprintf(served->socket, sizeof(served->socket), "%s/api.sock", served->directory);
	snprintf(served->view, sizeof(served->view), "%s/view.sock", served->directory);
	served->fake = fake_start(config);
	served->fake->files[LOADER_FILE_CERTIFICATE] = served_file(served, "api.crt");
	served->fake->files[LOADER_FILE_KEY] = served_file(served, "api.key");
	served->fake->files[LOADER_FILE_TOKENS] = served_file(served, "tokens");
	served->base = event_base_new();
	snprintf(served->state, sizeof(served->state), "%s/state", served->directory);
	begin_change(served, text);
	if (!config)
		fake_forget();
	serve(served, &settings->api);
}

static void remove_state(const char *path)
{
	DIR *list = opendir(path);
	struct dirent *entry;

	while (list && (entry = readdir(list)))
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(list), entry->d_name, 0);
	if (list)
		closedir(list);
	rmdir(path);
}

void served_stop(struct served *served)
{
	overrides_close(served->overrides);
	change_close(served->change);
	store_free(served->store);
	api_free(served->api);
	change_free(served->change);
	overrides_free(served->overrides);
	events_free(served->events);
	remove_state(served->state);
	event_base_free(served->base);
	unlink(served->socket);
	unlink(served->view);
	rmdir(served->directory);
	fake_stop();
}

int served_connect(const struct served *served)
{
	return served_connect_to(served->socket);
}

int served_connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	strcpy(address.sun_path, path);
	must(!connect(fd, (struct sockaddr *)&address, sizeof(address)), "connect");
	return fd;
}

int served_connect_metrics(const struct served *served)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(served->metrics_port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	must(!connect(fd, (struct sockaddr *)&address, sizeof(address)), "connect");
	return fd;
}

void served_pump(const struct served *served)
{
	for (int i = 0; i < 20; i++)
		event_base_loop(served->base, EVLOOP_NONBLOCK);
}

static size_t push(int fd, const char *bytes, size_t size)
{
	ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (sent < 0 && errno != EAGAIN)
		return size; /* the other end has heard enough */
	return sent < 0 ? 0 : sent;
}

char *served_send(const struct served *served, int fd, const void *bytes, size_t size)
{
	char *answer = sl_calloc(1, 1);
	size_t sent = 0, got = 0;
	char part[65536];

	for (;;) {
		ssize_t more;

		sent += push(fd, (const char *)bytes + sent, size - sent);
		event_base_loop(served->base, EVLOOP_NONBLOCK);
		more = recv(fd, part, sizeof(part), MSG_DONTWAIT);
		if (more < 0 && errno == EAGAIN)
			continue;
		if (more <= 0)
			break;
		answer = sl_realloc_array(answer, got + more + 1, 1);
		memcpy(answer + got, part, more);
		got += more;
		answer[got] = '\0';
	}
	close(fd);
	return answer;
}

int served_status(const char *answer)
{
	return strncmp(answer, "HTTP/1.1 ", 9) ? 0 : atoi(answer + 9);
}

char *served_ask(const struct served *served, const char *method, const char *path,
		 const char *header, const char *body, int *ret_status)
{
	_cleanup_free_ char *request =
		sl_printf("%s %s HTTP/1.1\r\nHost: sluice\r\nContent-Length: %zu\r\n%s\r\n%s",
			  method, path, strlen(body), header, body);
	_cleanup_free_ char *answer =
		served_send(served, served_connect(served), request, strlen(request));
	const char *end = strstr(answer, "\r\n\r\n");

	*ret_status = served_status(answer);
	return sl_strdup(end ? end + 4 : "");
}

json_t *served_json(const struct served *served, const char *method, const char *path,
		    const char *body, int status)
{
	int found;
	_cleanup_free_ char *answer = served_ask(served, method, path, "", body, &found);
	json_t *object = json_loads(answer, JSON_REJECT_DUPLICATES, NULL);

	if (found != status || !object)
		fprintf(stderr, "%s %s: %d %s\n", method, path, found, answer);
	return found == status ? object : NULL;
}
