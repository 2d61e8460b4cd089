/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log's lines (jansson judges the JSON), its limiter by a hand-moved clock, and its words.
 */
#include "base/log.h"

#include "base/log_record.h"
#include "base/memory.h"
#include "random.h"

#include <criterion/criterion.h>

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* 2026-11-27 08:09:10.007 UTC */
static const struct log_record full = {
	.time_ms = 1795766950007,
	.level = LOG_LEVEL_WARNING,
	.component = LOG_COMPONENT_ENGINE,
	.message = "a \"message\" of\nC:\\ \xc3\xa9\x1b[31m \xff",
	.event = "commit",
	.generation = 3,
	.actor = "uid:1000",
	.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736",
	.suppressed = 12,
	.dropped = 2,
};

static const struct log_record smallest = {
	.time_ms = 1795766950007,
	.level = LOG_LEVEL_INFO,
	.component = LOG_COMPONENT_MAIN,
	.message = "ready",
};

static void expect_line(const struct log_record *record, enum log_style style, const char *line)
{
	char found[LOG_LINE_MAX];
	size_t size = log_record_write(record, style, found);

	setenv("TZ", "UTC", 1);
	tzset();
	size = log_record_write(record, style, found);
	cr_expect(size == strlen(line) && !memcmp(found, line, size), "%.*sinstead of\n%s",
		  (int)size, found, line);
}

Test(log_lines, lines_are_as_documented)
{
	expect_line(&smallest, LOG_STYLE_TEXT, "2026-11-27 08:09:10.007 info main: ready\n");
	expect_line(&smallest, LOG_STYLE_COLOR,
		    "2026-11-27 08:09:10.007 \033[32minfo\033[0m main: ready\n");
	expect_line(&smallest, LOG_STYLE_JOURNAL, "<6>main: ready\n");
	expect_line(&smallest, LOG_STYLE_JSON,
		    "{\"ts\":\"2026-11-27T08:09:10.007Z\",\"level\":\"info\",\"msg\":\"ready\","
		    "\"component\":\"main\"}\n");
	expect_line(&full, LOG_STYLE_JOURNAL,
		    "<4>engine: a \"message\" of\\nC:\\ \xc3\xa9\\u001b[31m \xef\xbf\xbd "
		    "[generation=3 actor=uid:1000 trace_id=4bf92f3577b34da6a3ce929d0e0e4736] "
		    "(12 more like this were held back) (2 lines before it are lost)\n");
	expect_line(&full, LOG_STYLE_JOURNAL_JSON,
		    "<4>{\"ts\":\"2026-11-27T08:09:10.007Z\",\"level\":\"warning\","
		    "\"msg\":\"a \\\"message\\\" of\\nC:\\\\ \xc3\xa9\\u001b[31m \xef\xbf\xbd\","
		    "\"component\":\"engine\",\"event\":\"commit\",\"generation\":3,"
		    "\"actor\":\"uid:1000\",\"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\","
		    "\"suppressed\":12,\"dropped\":2}\n");
}

Test(log_lines, text_has_local_time)
{
	char line[LOG_LINE_MAX];

	setenv("TZ", "IST-5:30", 1);
	tzset();
	log_record_write(&smallest, LOG_STYLE_TEXT, line);
	cr_expect(!strncmp(line, "2026-11-27 13:39:10.007 ", 24), "%.24s", line);
	log_record_write(&smallest, LOG_STYLE_JSON, line);
	cr_expect(strstr(line, "T08:09:10.007Z"));
}

/* ---- hostile bytes --------------------------------------------------------------------------------- */

static bool is_parsed(const char *line, size_t size)
{
	json_error_t error;
	json_t *object = json_loadb(line, size, JSON_REJECT_DUPLICATES, &error);

	if (!object)
		cr_log_error("%s at %d: %.*s", error.text, error.position, (int)size, line);
	json_decref(object);
	return object != NULL;
}

static void expect_clean(const char *line, size_t size)
{
	cr_assert(size <= LOG_LINE_MAX && line[size - 1] == '\n');
	for (size_t i = 0; i < size - 1; i++)
		cr_assert((uint8_t)line[i] >= 0x20 && line[i] != 0x7f, "%02x at %zu", line[i], i);
}

/* Bytes that are often the interesting ones: quotes, control characters, pieces of UTF-8. */
static void fill(struct random *random, char *text, size_t size)
{
	static const uint8_t odd[] = {'"',  '\\', '\n', 0x1b, 0x7f, 0x80, 0x9f, 0xa0, 0xbf,
				      0xc0, 0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff};
	unsigned mix = random_below(random, 4);

	for (size_t i = 0; i < size; i++)
		text[i] = random_below(random, 3) < mix ? odd[random_below(random, sizeof(odd))]
							: 1 + random_below(random, 255);
	text[size] = '\0';
}

Test(log_lines, any_bytes_make_one_clean_line, .timeout = 60)
{
	static char message[8192], actor[1024], event[1024], trace[1024];
	struct random random = {7};

	for (unsigned i = 0; i < 4000; i++) {
		struct log_record record = full;
		char line[LOG_LINE_MAX];
		size_t size;

		fill(&random, message, random_below(&random, i % 8 ? 200 : sizeof(message)));
		fill(&random, actor, random_below(&random, sizeof(actor)));
		fill(&random, event, random_below(&random, sizeof(event)));
		fill(&random, trace, random_below(&random, sizeof(trace)));
		record.message = message;
		record.actor = actor;
		record.event = event;
		record.trace_id = trace;
		record.generation = record.suppressed = record.dropped = UINT64_MAX >> 1;
		size = log_record_write(&record, LOG_STYLE_JSON, line);
		expect_clean(line, size);
		cr_assert(is_parsed(line, size));
		size = log_record_write(&record, LOG_STYLE_JOURNAL, line);
		expect_clean(line, size);
		cr_assert(!strncmp(line, "<4>engine: ", 11));
	}
}

/* What is good comes out as it went in: jansson reads back the very text. */
Test(log_lines, good_text_is_unchanged)
{
	static const char *const texts[] = {"",
					    "plain",
					    "\"\\/\b\f\n\r\t\x01\x7f",
					    "\xc2\xa0",
					    "\xdf\xbf",
					    "\xe0\xa0\x80",
					    "\xed\x9f\xbf",
					    "\xee\x80\x80",
					    "\xf0\x90\x80\x80",
					    "\xf4\x8f\xbf\xbf"};

	for (size_t i = 0; i < sl_count(texts); i++) {
		struct log_record record = smallest;
		char line[LOG_LINE_MAX];
		json_t *object;

		record.message = texts[i];
		object = json_loadb(line, log_record_write(&record, LOG_STYLE_JSON, line), 0, NULL);
		cr_assert(object, "%zu", i);
		cr_expect_str_eq(json_string_value(json_object_get(object, "msg")), texts[i]);
		json_decref(object);
	}
}

Test(log_lines, what_is_too_long_is_cut_visibly)
{
	static char text[LOG_LINE_MAX];
	struct log_record record = full;
	char line[LOG_LINE_MAX];
	json_t *object;
	const char *said;

	memset(text, 'x', sizeof(text) - 1);
	record.message = record.actor = text;
	object = json_loadb(line, log_record_write(&record, LOG_STYLE_JSON, line), 0, NULL);
	cr_assert(object);
	said = json_string_value(json_object_get(object, "msg"));
	cr_expect(strlen(said) > 2900 && !strcmp(said + strlen(said) - 4, "x..."));
	said = json_string_value(json_object_get(object, "actor"));
	cr_expect(strlen(said) > 150 && !strcmp(said + strlen(said) - 4, "x..."));
	cr_expect_eq(json_integer_value(json_object_get(object, "dropped")), 2);
	json_decref(object);
}

/* ---- limiter --------------------------------------------------------------------------------------- */

Test(log_limit, a_burst_then_one_a_second)
{
	struct log_limit limit = {0};
	uint64_t now_ns = 5 * LOG_LIMIT_EVERY_NS, held;

	for (unsigned i = 0; i < LOG_LIMIT_BURST; i++)
		cr_expect(log_limit_take(&limit, now_ns, &held) && !held);
	for (unsigned i = 0; i < 7; i++)
		cr_expect_not(log_limit_take(&limit, now_ns, &held));
	cr_expect_not(log_limit_take(&limit, now_ns + LOG_LIMIT_EVERY_NS - 1, &held));
	now_ns += LOG_LIMIT_EVERY_NS;
	cr_expect(log_limit_take(&limit, now_ns, &held));
	cr_expect_eq(held, 8);
	cr_expect_not(log_limit_take(&limit, now_ns, &held));
	now_ns += LOG_LIMIT_EVERY_NS;
	cr_expect(log_limit_take(&limit, now_ns, &held) && held == 1);
	now_ns += 1000 * LOG_LIMIT_EVERY_NS; /* the burst is whole again, and no more than that */
	for (unsigned i = 0; i < LOG_LIMIT_BURST; i++)
		cr_expect(log_limit_take(&limit, now_ns, &held) && !held);
	cr_expect_not(log_limit_take(&limit, now_ns, &held));
}

/* Whatever comes when: bounded over any time, and each line is either written or counted. */
Test(log_limit, nothing_is_lost_without_a_count)
{
	struct random random = {3};

	for (unsigned round = 0; round < 200; round++) {
		struct log_limit limit = {0};
		uint64_t now_ns = random_next(&random) >> 8, begun_ns = now_ns, held;
		uint64_t written = 0, told = 0, lines = random_below(&random, 3000);

		for (uint64_t i = 0; i < lines; i++) {
			if (!random_below(&random, 4))
				now_ns += random_below(&random, 2 * LOG_LIMIT_EVERY_NS);
			if (!log_limit_take(&limit, now_ns, &held))
				continue;
			written++;
			told += held;
		}
		cr_assert_eq(written + told + limit.suppressed, lines);
		cr_assert_leq(written, LOG_LIMIT_BURST + (now_ns - begun_ns) / LOG_LIMIT_EVERY_NS);
	}
}

/* ---- words ----------------------------------------------------------------------------------------- */

Test(log_lines, levels_are_read_as_written)
{
	struct random random = {5};
	struct sl_errors errors = {0};

	for (unsigned round = 0; round < 100; round++) {
		struct log_settings wanted = {0}, found = {0};
		_cleanup_free_ char *text = NULL;

		for (size_t i = 0; i < LOG_COMPONENT_COUNT; i++)
			wanted.levels[i] = random_below(&random, LOG_LEVEL_COUNT);
		text = log_settings_levels(&wanted);
		cr_assert_eq(log_settings_take_levels(&found, text, &errors), 0);
		cr_assert_arr_eq(found.levels, wanted.levels, sizeof(wanted.levels));
	}
}

Test(log_lines, wrong_words_change_nothing)
{
	static const struct {
		const char *text, *what;
	} cases[] = {
		{"", "`` is none of error, warning, info, debug"},
		{"loud", "`loud` is none of error, warning, info, debug"},
		{"debug,", "`` is none of error, warning, info, debug"},
		{"engine=", "`` is none of error, warning, info, debug"},
		{"engine=debug=info", "`debug=info` is none of error, warning, info, debug"},
		{"debug,enigne=info",
		 "`enigne` is no component; there are api, change, dataplane, engine, "
		 "loader, main, override, state, worker"},
	};

	for (size_t i = 0; i < sl_count(cases); i++) {
		struct log_settings settings = {0}, before = settings;
		struct sl_errors errors = {0};

		cr_expect_eq(log_settings_take_levels(&settings, cases[i].text, &errors), -EINVAL);
		cr_expect_eq(errors.count, 1);
		cr_expect_str_eq(errors.list[0].what, cases[i].what);
		cr_expect_arr_eq(settings.levels, before.levels, sizeof(before.levels));
		sl_errors_deinit(&errors);
	}
	cr_expect_eq(log_settings_take_format(&(struct log_settings){0}, "yaml", NULL), -EINVAL);
}

static bool logs(const char *directory)
{
	_cleanup_free_ char *line = sl_printf("grep -qs '\"base/log.h\"' daemon/%s/*.c", directory);

	return !system(line);
}

/* A new module that logs needs its line in LOG_COMPONENTS, or its lines say "main". */
Test(log_lines, components_are_the_directories_that_log)
{
	DIR *daemon = opendir("daemon");
	struct dirent *entry;

	cr_assert(daemon, "tests run in the top directory");
	while ((entry = readdir(daemon))) {
		enum log_component component;
		bool is_directory = entry->d_type == DT_DIR && entry->d_name[0] != '.' &&
				    strcmp(entry->d_name, "base");

		if (is_directory)
			cr_expect_eq(log_component_find(entry->d_name, &component),
				     logs(entry->d_name), "LOG_COMPONENTS: %s", entry->d_name);
	}
	closedir(daemon);
}
