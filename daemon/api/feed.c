/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api/feed.h"

#include "base/memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct feed_line *feed_line_ref(struct feed_line *line)
{
	line->users++;
	return line;
}

void feed_line_unref(struct feed_line *line)
{
	if (line && !--line->users)
		free(line);
}

/* Takes the object. */
static struct feed_line *line_new(const struct feed *feed, json_t *object)
{
	_cleanup_free_ char *cursor = sl_printf("%08" PRIx32 "-%" PRIu64, feed->run, feed->number);
	_cleanup_free_ char *text = NULL;
	struct feed_line *line;

	json_object_set_new(object, "cursor", json_string(cursor));
	text = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	if (!text)
		sl_out_of_memory();
	line = sl_calloc(1, sizeof(*line) + strlen(text) + 2);
	line->users = 1;
	line->size = sprintf(line->text, "%s\n", text);
	return line;
}

void feed_init(struct feed *feed, const struct route *route, uint32_t run)
{
	*feed = (struct feed){.route = route, .run = run};
}

void feed_deinit(struct feed *feed)
{
	feed_line_unref(feed->line);
	free(feed->said);
}

/* Walks over the flow table are counted with what they found: alone they are no news. */
static char *what_counts(json_t *object)
{
	json_t *scans = json_incref(json_object_get(object, "scans"));
	char *text;

	json_object_del(object, "scans");
	text = json_dumps(object, JSON_COMPACT);
	if (scans)
		json_object_set_new(object, "scans", scans);
	if (!text)
		sl_out_of_memory();
	return text;
}

void feed_refresh(struct feed *feed, const struct api_context *context,
		  const struct request *request)
{
	struct answer answer = {0};
	json_t *object;
	char *now;

	feed->route->resource(context, request, &answer);
	object = answer.status == 200 ? json_loads(answer.text, 0, NULL) : NULL;
	free(answer.text);
	if (!object)
		return;
	now = what_counts(object);
	if (feed->said && !strcmp(feed->said, now)) {
		free(now);
		json_decref(object);
		return;
	}
	free(feed->said);
	feed->said = now;
	feed->number++;
	feed_line_unref(feed->line);
	feed->line = line_new(feed, object);
}

struct feed_line *feed_heartbeat(const struct feed *feed, const struct api_context *context)
{
	return line_new(feed, answer_new_object(context, "Heartbeat"));
}

uint64_t feed_number(const struct feed *feed, const char *cursor)
{
	uint32_t run;
	uint64_t number;
	int end = 0;

	if (!cursor || sscanf(cursor, "%8" SCNx32 "-%" SCNu64 "%n", &run, &number, &end) != 2 ||
	    cursor[end] || run != feed->run || number > feed->number)
		return 0;
	return number;
}
