/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What reaches stderr: levels, context, limits, and when nobody reads. Each test is a process of its
 * own, so stderr may be taken from it.
 */
#include "base/log.h"

#include "base/log_record.h"
#include "base/log_sink.h"
#include "base/memory.h"

#include <criterion/criterion.h>

#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* stderr is a pipe from now on; returns the end to read. */
static int take_stderr(const char *format, const char *levels)
{
	struct log_settings settings = {0};
	int pair[2];

	cr_assert_eq(pipe2(pair, O_CLOEXEC), 0);
	dup2(pair[1], STDERR_FILENO);
	close(pair[1]);
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	cr_assert_eq(log_settings_take_format(&settings, format, NULL), 0);
	cr_assert_eq(log_settings_take_levels(&settings, levels, NULL), 0);
	log_open(&settings);
	return pair[0];
}

/* Reads one object, which must be on one line; NULL: there is none. Caller drops it. */
static json_t *read_object(int fd)
{
	char line[LOG_LINE_MAX];
	size_t size = 0;

	while (size < sizeof(line) && read(fd, line + size, 1) == 1)
		if (line[size++] == '\n')
			break;
	return size ? json_loadb(line, size, JSON_REJECT_DUPLICATES, NULL) : NULL;
}

static void expect_member(int fd, const char *message, const char *member, const char *value)
{
	json_t *object = read_object(fd), *found = json_object_get(object, member);
	_cleanup_free_ char *text = found ? json_dumps(found, JSON_ENCODE_ANY) : sl_strdup("");

	cr_assert(object, "no line: %s", message);
	cr_expect_str_eq(json_string_value(json_object_get(object, "msg")), message);
	cr_expect_str_eq(text, value, "%s: %s", message, text);
	json_decref(object);
}

Test(log_written, a_level_is_of_a_component)
{
	int fd = take_stderr("auto", "warning,engine=debug,main=error");
	unsigned asked = 0;

	log_warning("no %u", ++asked);
	log_error("one");
	log_set_level(LOG_COMPONENT_MAIN, LOG_LEVEL_DEBUG);
	log_debug("two");
	log_set_level(LOG_COMPONENT_ALL, LOG_LEVEL_INFO);
	log_debug("no %u", ++asked);
	log_info("three");
	cr_expect_eq(asked, 0, "arguments of what isn't wanted were evaluated");
	expect_member(fd, "one", "level", "\"error\"");
	expect_member(fd, "two", "level", "\"debug\"");
	expect_member(fd, "three", "component", "\"main\"");
	cr_expect_null(read_object(fd));
}

Test(log_written, context_is_of_its_scope)
{
	int fd = take_stderr("json", "info");

	log_info("before");
	{
		_cleanup_log_context_ struct log_context outer = {.actor = "uid:7",
								  .trace_id = "aa"};

		log_context_push(&outer);
		{
			_cleanup_log_context_ struct log_context inner = {.generation = 4,
									  .trace_id = "bb"};

			log_context_push(&inner);
			for (unsigned i = 0; i < 3; i++)
				log_info("inside");
		}
		log_info("between");
		log_info("between");
	}
	log_info("after");
	expect_member(fd, "before", "actor", "");
	expect_member(fd, "inside", "actor", "\"uid:7\"");
	expect_member(fd, "inside", "trace_id", "\"bb\"");
	expect_member(fd, "inside", "generation", "4");
	expect_member(fd, "between", "trace_id", "\"aa\"");
	expect_member(fd, "between", "generation", "");
	expect_member(fd, "after", "actor", "");
}

static void *log_from_thread(void *unused)
{
	log_info("elsewhere");
	return NULL;
}

Test(log_written, context_is_of_its_thread)
{
	int fd = take_stderr("json", "info");
	_cleanup_log_context_ struct log_context context = {.actor = "uid:7"};
	pthread_t thread;

	log_context_push(&context);
	cr_assert_eq(pthread_create(&thread, NULL, log_from_thread, NULL), 0);
	pthread_join(thread, NULL);
	expect_member(fd, "elsewhere", "actor", "");
}

Test(log_written, each_call_site_has_its_limit)
{
	int fd = take_stderr("json", "info");
	unsigned lines = 0, others = 0;
	struct log_status status;
	json_t *object;

	for (unsigned i = 0; i < 1000; i++) {
		log_info("often");
		if (i % 500 == 0)
			log_event(LOG_LEVEL_ERROR, "rare", "rarely");
	}
	while ((object = read_object(fd))) {
		bool rare = json_object_get(object, "event") != NULL;

		lines += !rare;
		others += rare;
		json_decref(object);
	}
	log_get_status(&status);
	cr_expect_eq(others, 2);
	cr_expect(lines >= LOG_LIMIT_BURST && lines < 100, "%u", lines);
	cr_expect_eq(status.suppressed + lines, 1000);
}

/* Nobody reads: all returns at once, the lines that fit are whole, and the next one says what is lost. */
Test(log_written, a_reader_that_sleeps_is_not_waited_for, .timeout = 30)
{
	int fd = take_stderr("json", "info");
	struct log_status status;
	unsigned whole = 0;
	json_t *object, *dropped;

	for (unsigned i = 0; i < 3000; i++)
		log_unlimited(LOG_LEVEL_INFO, NULL, "line %u %0200u", i, i);
	log_get_status(&status);
	cr_expect_gt(status.dropped, 0);
	while ((object = read_object(fd))) {
		whole++;
		json_decref(object);
	}
	cr_expect_eq(whole + status.dropped, 3000);
	log_info("awake");
	object = read_object(fd);
	dropped = json_object_get(object, "dropped");
	cr_expect_eq((uint64_t)json_integer_value(dropped), status.dropped);
	json_decref(object);
	close(fd);
	log_info("nobody is there");
	log_get_status(&status);
	cr_expect_eq(whole + status.dropped, 3001);
}

/* The pipe's other users keep what they had. */
Test(log_written, others_who_share_stderr_still_wait)
{
	int pair[2];

	cr_assert_eq(pipe2(pair, O_CLOEXEC), 0);
	cr_assert_eq(dup2(pair[1], STDERR_FILENO), STDERR_FILENO);
	log_sink_prepare(STDERR_FILENO);
	cr_expect(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK);
	cr_expect_not(fcntl(pair[1], F_GETFL) & O_NONBLOCK);
}

Test(log_written, the_journal_gets_text_with_priorities)
{
	struct stat about;
	char stream[64], text[64] = "";
	int pair[2];

	cr_assert_eq(pipe2(pair, O_CLOEXEC), 0);
	dup2(pair[1], STDERR_FILENO);
	fstat(STDERR_FILENO, &about);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)about.st_dev,
		 (unsigned long long)about.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_open(&(struct log_settings){.levels[LOG_COMPONENT_MAIN] = LOG_LEVEL_INFO});
	log_warning("a");
	setenv("JOURNAL_STREAM", "1:1", 1); /* inherited, and stderr is another one by now */
	log_open(&(struct log_settings){.levels[LOG_COMPONENT_MAIN] = LOG_LEVEL_INFO});
	log_warning("b");
	cr_assert_gt(read(pair[0], text, sizeof(text) - 1), 0);
	cr_expect(!strncmp(text, "<4>main: a\n{\"ts\":", 17), "%s", text);
}

/* What a terminal shows of one warning. */
static void expect_on_terminal(const char *no_color, const char *terminal, const char *shown)
{
	const struct log_settings settings = {.levels[LOG_COMPONENT_MAIN] = LOG_LEVEL_INFO};
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;
	char text[256] = "";

	cr_assert(master >= 0 && !grantpt(master) && !unlockpt(master));
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	cr_assert(slave >= 0 && dup2(slave, STDERR_FILENO) >= 0);
	setenv("NO_COLOR", no_color, 1);
	setenv("TERM", terminal, 1);
	log_open(&settings);
	log_warning("hot");
	cr_assert_gt(read(master, text, sizeof(text) - 1), 24);
	cr_expect_eq(strncmp(text + 24, shown, strlen(shown)), 0, "%s", text);
	close(slave);
	close(master);
}

Test(log_written, a_terminal_gets_text_and_color_if_it_likes)
{
	expect_on_terminal("", "xterm", "\033[33mwarning\033[0m main: hot\r\n");
	expect_on_terminal("1", "xterm", "warning main: hot\r\n");
	expect_on_terminal("", "dumb", "warning main: hot\r\n");
}
