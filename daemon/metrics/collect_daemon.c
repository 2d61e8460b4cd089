/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tells of the daemon itself: its tables, its loop, its API, its process.
 */
#include "metrics/collect.h"

#include "balance/usage.h"
#include "base/clock.h"
#include "health/health.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* ---- tables and loop ------------------------------------------------------------------------------ */

void collect_tables(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	for (int i = 0; i < USAGE_COUNT; i++)
		writer_count(to, LABELS({"table", usage_word(i)}), from->usage[i].used);
}

void collect_tables_capacity(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	for (int i = 0; i < USAGE_COUNT; i++)
		writer_count(to, LABELS({"table", usage_word(i)}), from->usage[i].capacity);
}

void collect_loop_lag(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	writer_histogram(to, NULL, from->source->lag);
}

/* ---- API ------------------------------------------------------------------------------------------ */

/* A class without an answer has no series: most routes never fail. */
void collect_requests(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	static const char *const classes[] = {"?", "1xx", "2xx", "3xx", "4xx", "5xx"};

	for (size_t i = 0; i < from->source->n_requests; i++) {
		const struct metrics_requests *of = &from->source->requests[i];

		for (int class = 0; class < 6; class ++)
			if (of->answers[class])
				writer_count(to,
					     LABELS({"method", of->method}, {"path", of->path},
						    {"class", classes[class]}),
					     of->answers[class]);
	}
}

void collect_request_duration(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	for (size_t i = 0; i < from->source->n_requests; i++) {
		const struct metrics_requests *of = &from->source->requests[i];

		writer_histogram(to, LABELS({"method", of->method}, {"path", of->path}),
				 &of->duration);
	}
}

/* ---- checks --------------------------------------------------------------------------------------- */

void collect_check_durations(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	for (enum config_check type = 0; type < CONFIG_CHECK_COUNT; type++)
		if (type != CONFIG_CHECK_NONE)
			writer_histogram(to, LABELS({"type", config_check_word(type)}),
					 health_durations(from->source->health, type));
}

/* ---- the process, by the names that Prometheus' clients use ---------------------------------------- */

void collect_process_cpu(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	struct timespec used = {0};

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	writer_seconds(to, NULL, used.tv_sec * 1000ull + used.tv_nsec / NS_PER_MS);
}

/* Pages, the second number of /proc/self/statm. */
void collect_process_memory(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	FILE *in = fopen("/proc/self/statm", "re");
	unsigned long pages = 0;

	if (!in)
		return;
	if (fscanf(in, "%*u %lu", &pages) == 1)
		writer_count(to, NULL, (uint64_t)pages * sysconf(_SC_PAGESIZE));
	fclose(in);
}

/* ".", ".." and the directory itself are not among them. */
void collect_process_descriptors(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	DIR *directory = opendir("/proc/self/fd");
	uint64_t count = 0;

	if (!directory)
		return;
	while (readdir(directory))
		count++;
	closedir(directory);
	writer_count(to, NULL, count - 3);
}

void collect_process_descriptors_max(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_NOFILE, &limit))
		writer_count(to, NULL, limit.rlim_cur);
}

/* Ticks since boot, field 22 of /proc/self/stat, behind a name that may hold anything. */
void collect_process_start(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	FILE *in = fopen("/proc/self/stat", "re");
	unsigned long long ticks = 0, per_second = sysconf(_SC_CLK_TCK);
	struct timespec now, up;
	bool read;

	if (!in)
		return;
	read = fscanf(in,
		      "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d "
		      "%*d "
		      "%*d %*d %*d %llu",
		      &ticks) == 1;
	fclose(in);
	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &up);
	if (read)
		writer_count(to, NULL, now.tv_sec - up.tv_sec + ticks / per_second);
}
