/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api/watch.h"

#include "api/feed.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "metrics/metrics.h"

#include <errno.h>
#include <event2/event.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>
#include <sys/socket.h>

#define BLOCK	  4096
#define FEEDS_MAX 8
#define BATCH	  16 /* resumed at once: each costs the library a walk over its connections */
#define LOOK_NS	  NS_PER_S
#define SHORT_MS  1
#define PEER_GONE (POLLRDHUP | POLLHUP | POLLERR)

struct watcher {
	TAILQ_ENTRY(watcher) link;
	struct watches *watches;
	struct feed *feed; /* borrowed, and so below */
	struct MHD_Connection *connection;
	struct server_of *server;
	char name[sizeof(((struct caller *)0)->name)];
	uid_t uid;
	uint64_t seen;		/* number of the last line that was begun */
	struct feed_line *line; /* owned: what is being sent; NULL: nothing */
	size_t sent;		/* of it */
	uint64_t begun_ns;	/* when, and of a heartbeat, too */
	uint64_t born_ns;
	bool suspended;
	bool over;
};

/* A server with streams, and whether some were resumed that it has not been run for. */
struct server_of {
	void *server; /* borrowed; NULL: none yet */
	watch_wake_fn *wake;
	unsigned watchers;
	bool to_run;
};

struct watches {
	struct event_base *base;	   /* borrowed */
	const struct api_context *context; /* borrowed */
	TAILQ_HEAD(watchers, watcher) watchers;
	struct metrics_streams streams;
	struct server_of servers[LISTENER_COUNT];
	struct feed feeds[FEEDS_MAX];
	size_t n_feeds;
	uint32_t run;
	uint64_t looked_ns;
	struct event *timer; /* owned: the next look */
	struct event *more;  /* owned: the rest of a batch */
};

/* ---- what the library asks for --------------------------------------------------------------------- */

static bool has_news(const struct watcher *watcher)
{
	return watcher->feed->number > watcher->seen;
}

static bool is_quiet(const struct watcher *watcher, uint64_t now_ns)
{
	return now_ns - watcher->begun_ns >= WATCH_QUIET_S * NS_PER_S;
}

static bool begin_line(struct watcher *watcher)
{
	uint64_t now_ns = clock_now_ns();

	if (has_news(watcher))
		watcher->line = feed_line_ref(watcher->feed->line);
	else if (is_quiet(watcher, now_ns))
		watcher->line = feed_heartbeat(watcher->feed, watcher->watches->context);
	else
		return false;
	watcher->seen = watcher->feed->number;
	watcher->sent = 0;
	watcher->begun_ns = now_ns;
	return true;
}

static ssize_t give(void *context, uint64_t position, char *buffer, size_t room)
{
	struct watcher *watcher = context;
	size_t size;

	if (watcher->over)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (!watcher->line && !begin_line(watcher)) {
		watcher->suspended = true;
		MHD_suspend_connection(watcher->connection);
		return 0;
	}
	size = watcher->line->size - watcher->sent;
	if (size > room)
		size = room;
	memcpy(buffer, watcher->line->text + watcher->sent, size);
	watcher->sent += size;
	if (watcher->sent == watcher->line->size) {
		feed_line_unref(watcher->line);
		watcher->line = NULL;
	}
	return size;
}

struct MHD_Response *watcher_response(struct watcher *watcher)
{
	struct MHD_Response *response =
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, give, watcher, NULL);

	if (!response)
		sl_out_of_memory();
	return response;
}

/* ---- the look -------------------------------------------------------------------------------------- */

static int descriptor(const struct watcher *watcher)
{
	return MHD_get_connection_info(watcher->connection, MHD_CONNECTION_INFO_CONNECTION_FD)
		->connect_fd;
}

static void resume(struct watcher *watcher)
{
	if (!watcher->suspended)
		return;
	watcher->suspended = false;
	MHD_resume_connection(watcher->connection);
	watcher->server->to_run = true;
}

/* May end any watcher: nobody holds one meanwhile. */
static void run_servers(struct watches *watches)
{
	for (size_t i = 0; i < sl_count(watches->servers); i++) {
		struct server_of *server = &watches->servers[i];

		if (!server->to_run)
			continue;
		server->to_run = false;
		server->wake(server->server);
	}
}

/* Nothing goes out any more, so a line half sent needs no end. */
static void drop(struct watcher *watcher, enum metrics_stream_end end)
{
	static const char *const words[] = {
		[METRICS_STREAM_gone] = "the client has gone",
		[METRICS_STREAM_slow] = "the client takes no more",
	};
	const char *why = words[end];

	watcher->watches->streams.ended[end]++;
	log_event(LOG_LEVEL_INFO, "watch_dropped", "a stream of %s for %s was ended: %s",
		  watcher->feed->route->path, watcher->name, why);
	shutdown(descriptor(watcher), SHUT_RDWR);
	watcher->over = true;
	watcher->server->to_run = true;
	resume(watcher);
}

/* METRICS_STREAM_END_COUNT: all is well. */
static enum metrics_stream_end flaw(const struct watcher *watcher, uint64_t now_ns)
{
	struct pollfd ends = {.fd = descriptor(watcher), .events = POLLRDHUP};

	if (watcher->over)
		return METRICS_STREAM_END_COUNT;
	if (poll(&ends, 1, 0) > 0 && ends.revents & PEER_GONE)
		return METRICS_STREAM_gone;
	if (!watcher->suspended && now_ns - watcher->begun_ns > WATCH_SLOW_S * NS_PER_S)
		return METRICS_STREAM_slow;
	return METRICS_STREAM_END_COUNT;
}

static void drop_bad(struct watches *watches, uint64_t now_ns)
{
	struct watcher *watcher;

	TAILQ_FOREACH(watcher, &watches->watchers, link)
	{
		enum metrics_stream_end end = flaw(watcher, now_ns);

		if (end != METRICS_STREAM_END_COUNT)
			drop(watcher, end);
	}
	run_servers(watches);
}

/* A life that is over ends at a line's end. */
static bool is_due(struct watcher *watcher, uint64_t now_ns)
{
	if (watcher->uid == (uid_t)-1 && now_ns - watcher->born_ns > WATCH_LIFE_S * NS_PER_S)
		watcher->over = true;
	return watcher->suspended &&
	       (watcher->over || has_news(watcher) || is_quiet(watcher, now_ns));
}

static void wake_due(struct watches *watches)
{
	const struct timeval soon = {.tv_usec = SHORT_MS * 1000};
	uint64_t now_ns = clock_now_ns();
	struct watcher *watcher;
	size_t count = 0;

	TAILQ_FOREACH(watcher, &watches->watchers, link)
	{
		if (!is_due(watcher, now_ns))
			continue;
		if (count++ == BATCH) {
			evtimer_add(watches->more, &soon);
			break;
		}
		resume(watcher);
	}
	run_servers(watches);
}

static bool is_watched(const struct watches *watches, const struct feed *feed)
{
	const struct watcher *watcher;

	TAILQ_FOREACH(watcher, &watches->watchers, link)
	if (watcher->feed == feed)
		return true;
	return false;
}

static void look(struct watches *watches)
{
	static const struct request nothing_more = {.rest = "", .actor = "watch"};

	watches->looked_ns = clock_now_ns();
	for (size_t i = 0; i < watches->n_feeds; i++)
		if (is_watched(watches, &watches->feeds[i]))
			feed_refresh(&watches->feeds[i], watches->context, &nothing_more);
}

static void look_later(struct watches *watches, uint64_t took_ns)
{
	uint64_t pause_ns = took_ns * WATCH_SHARE > LOOK_NS ? took_ns * WATCH_SHARE : LOOK_NS;
	const struct timeval pause = {.tv_sec = pause_ns / NS_PER_S,
				      .tv_usec = pause_ns % NS_PER_S / 1000};

	if (watches->streams.open && evtimer_add(watches->timer, &pause))
		sl_out_of_memory();
}

static void on_look(evutil_socket_t fd, short what, void *argument)
{
	struct watches *watches = argument;
	uint64_t begun_ns = clock_now_ns();

	drop_bad(watches, begun_ns);
	look(watches);
	wake_due(watches);
	look_later(watches, clock_now_ns() - begun_ns);
}

static void on_more(evutil_socket_t fd, short what, void *argument)
{
	wake_due(argument);
}

/* ---- who comes and goes ---------------------------------------------------------------------------- */

static struct feed *find_feed(struct watches *watches, const struct route *route)
{
	for (size_t i = 0; i < watches->n_feeds; i++)
		if (watches->feeds[i].route == route)
			return &watches->feeds[i];
	if (watches->n_feeds == FEEDS_MAX)
		abort();
	feed_init(&watches->feeds[watches->n_feeds], route, watches->run);
	return &watches->feeds[watches->n_feeds++];
}

static struct server_of *find_server(struct watches *watches, watch_wake_fn *wake, void *server)
{
	struct server_of *of = watches->servers;

	while (of->server && of->server != server)
		of++;
	of->server = server;
	of->wake = wake;
	return of;
}

static bool has_room(const struct watches *watches, const struct caller *caller,
		     struct sl_errors *errors)
{
	const struct watcher *watcher;
	unsigned own = 0;

	TAILQ_FOREACH(watcher, &watches->watchers, link)
	own += !strcmp(watcher->name, caller->name);
	if (own >= WATCH_EACH)
		sl_fail(errors, EBUSY, caller->name, "has %u streams already, as many as one may",
			own);
	else if (watches->streams.open >= WATCH_MAX)
		sl_fail(errors, EBUSY, "watch", "there are %lu streams already",
			watches->streams.open);
	return !errors->count;
}

struct watcher *watcher_new(struct watches *watches, const struct route *route,
			    const struct request *request, const struct caller *caller,
			    watch_wake_fn *wake, void *server, struct sl_errors *errors)
{
	struct watcher *watcher;

	if (!has_room(watches, caller, errors)) {
		watches->streams.ended[METRICS_STREAM_refused]++;
		return NULL;
	}
	watcher = sl_calloc(1, sizeof(*watcher));
	watcher->watches = watches;
	watcher->feed = find_feed(watches, route);
	watcher->connection = request->connection;
	watcher->server = find_server(watches, wake, server);
	watcher->server->watchers++;
	watcher->uid = caller->uid;
	strcpy(watcher->name, caller->name);
	watcher->born_ns = watcher->begun_ns = clock_now_ns();
	/* The library's own time-out comes only if ours fails. */
	MHD_set_connection_option(watcher->connection, MHD_CONNECTION_OPTION_TIMEOUT,
				  2 * WATCH_SLOW_S);
	TAILQ_INSERT_TAIL(&watches->watchers, watcher, link);
	watches->streams.open++;
	/* Many who come at once see the same look. */
	if (!watcher->feed->number || watcher->begun_ns - watches->looked_ns >= LOOK_NS)
		look(watches);
	watcher->seen = feed_number(watcher->feed, request_query(request, "after"));
	if (watcher->seen != watcher->feed->number)
		watcher->seen = 0;
	if (!evtimer_pending(watches->timer, NULL))
		look_later(watches, 0);
	return watcher;
}

void watcher_free(struct watcher *watcher)
{
	if (!watcher)
		return;
	TAILQ_REMOVE(&watcher->watches->watchers, watcher, link);
	watcher->watches->streams.open--;
	watcher->server->watchers--;
	feed_line_unref(watcher->line);
	free(watcher);
}

const struct metrics_streams *watches_streams(const struct watches *watches)
{
	return &watches->streams;
}

unsigned watches_count(const struct watches *watches, const void *server)
{
	for (size_t i = 0; i < sl_count(watches->servers); i++)
		if (watches->servers[i].server == server)
			return watches->servers[i].watchers;
	return 0;
}

void watches_drop_tcp(struct watches *watches)
{
	struct watcher *watcher;

	TAILQ_FOREACH(watcher, &watches->watchers, link)
	watcher->over |= watcher->uid == (uid_t)-1;
	wake_due(watches);
}

struct watches *watches_new(struct event_base *base, const struct api_context *context)
{
	struct watches *watches = sl_calloc(1, sizeof(*watches));

	watches->base = base;
	watches->context = context;
	TAILQ_INIT(&watches->watchers);
	watches->timer = evtimer_new(base, on_look, watches);
	watches->more = evtimer_new(base, on_more, watches);
	if (!watches->timer || !watches->more ||
	    getrandom(&watches->run, sizeof(watches->run), 0) != sizeof(watches->run))
		sl_out_of_memory();
	return watches;
}

void watches_stop(struct watches *watches)
{
	struct watcher *watcher;

	TAILQ_FOREACH(watcher, &watches->watchers, link)
	{
		watcher->over = true;
		resume(watcher);
	}
}

void watches_free(struct watches *watches)
{
	if (!watches)
		return;
	for (size_t i = 0; i < watches->n_feeds; i++)
		feed_deinit(&watches->feeds[i]);
	event_free(watches->timer);
	event_free(watches->more);
	free(watches);
}
