// SPDX-License-Identifier: GPL-2.0-or-later
#include "bench/report.h"

#include "base/memory.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

/* ---- the machine ----------------------------------------------------------------------------------- */

/* What follows the colon in the first line of /proc/cpuinfo that begins with `key`. */
static void read_cpu(const char *key, char *ret_text, size_t size)
{
	_cleanup_file_ FILE *file = fopen("/proc/cpuinfo", "re");
	char line[256];

	snprintf(ret_text, size, "unknown CPU");
	while (file && fgets(line, sizeof(line), file)) {
		const char *colon = strchr(line, ':');

		if (strncmp(line, key, strlen(key)) || !colon)
			continue;
		snprintf(ret_text, size, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
		return;
	}
}

void report_machine(void)
{
	struct utsname kernel;
	double load = 0;
	char cpu[128];

	read_cpu("model name", cpu, sizeof(cpu));
	uname(&kernel);
	getloadavg(&load, 1);
	printf("%s, kernel %s, load average %.1f\n", cpu, kernel.release, load);
}

/* ---- tables ---------------------------------------------------------------------------------------- */

void report_size(const char *name, const struct site_size *size)
{
	printf("%-28s %6u instructions %7u bytes of machine code %8u verified %6.0f ms to load\n",
	       name, size->instructions, size->jited_bytes, size->verified, size->load_ms);
}

static const struct bench_result *find(const struct bench_result *results, size_t count,
				       const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(results[i].name, name))
			return &results[i];
	return NULL;
}

static void print_target(const struct bench_result *few, const struct bench_result *many)
{
	if (few->target_ns == 0)
		printf("%12s", "");
	else
		printf("%6.0f /%4.0f%s", few->target_ns, many->target_ns,
		       few->net_ns <= few->target_ns && many->net_ns <= many->target_ns ? ""
											: " *");
}

/* The reference of a scenario's family, at the most flows. */
static double reference_ns(const struct bench_result *results, size_t count, const char *name)
{
	bool ip6 = !strncmp(name, "v6-", 3);
	const struct bench_result *found =
		find(results, count, ip6 ? "v6-lru-reference" : "lru-reference");

	return found ? found[BENCH_FLOW_SETS - 1].net_ns : 0;
}

static void print_scenario(const struct bench_result *sets, double reference)
{
	const struct bench_result *few = &sets[0], *many = &sets[BENCH_FLOW_SETS - 1];

	printf("%-24s", few->name);
	for (int set = 0; set < BENCH_FLOW_SETS; set++)
		printf(" %11.0f", sets[set].net_ns);
	if (few->net_ns > 0 && many->net_ns > 0)
		printf(" %9.2f %9.1f", many->net_ns / few->net_ns, reference / many->net_ns);
	print_target(few, many);
	printf("\n");
}

void report_packet_path(const struct bench_result *results, size_t count)
{
	printf("\nns a packet%13s", "");
	for (int set = 0; set < BENCH_FLOW_SETS; set++)
		printf(" %7u fl.", results[set].flows);
	printf("  many:one  LRU:this  target (one / many; * missed)\n");
	for (size_t i = 0; i < count; i += BENCH_FLOW_SETS)
		print_scenario(&results[i], reference_ns(results, count, results[i].name));
}

void report_live(const struct bench_result *results, size_t count)
{
	printf("\nlive frames over veth        ns    Mpps  frames that came back, of all rounds\n");
	for (size_t i = 0; i < count; i++)
		printf("%-24s %6.0f %7.2f  %llu\n", results[i].name, results[i].net_ns,
		       results[i].per_second / 1e6, results[i].packets);
}

void report_host(const struct bench_result *results, size_t count)
{
	printf("\nthe daemon's work            ms    best  target\n");
	for (size_t i = 0; i < count; i++) {
		printf("%-24s %6.2f %7.2f", results[i].name, results[i].net_ns / 1e6,
		       results[i].min_ns / 1e6);
		if (results[i].target_ns > 0)
			printf(" %7.2f%s", results[i].target_ns / 1e6,
			       results[i].net_ns <= results[i].target_ns ? "" : " *");
		printf("\n");
	}
}

/* ---- JSON ------------------------------------------------------------------------------------------ */

static void write_result(FILE *file, const struct bench_result *result)
{
	fprintf(file,
		"{\"name\": \"%s\", \"flows\": %u, \"net_ns\": %.1f, \"min_ns\": %.1f, "
		"\"max_ns\": %.1f, \"packets\": %llu",
		result->name, result->flows, result->net_ns, result->min_ns, result->max_ns,
		result->packets);
	if (result->target_ns > 0)
		fprintf(file, ", \"target_ns\": %.0f", result->target_ns);
	if (result->per_second > 0)
		fprintf(file, ", \"per_second\": %.0f", result->per_second);
	fprintf(file, "}");
}

void report_json(const char *path, const struct report_list *lists, size_t count)
{
	FILE *file = fopen(path, "we");
	const char *before = "[\n";

	if (!file)
		bench_die("can't write the results");
	for (size_t list = 0; list < count; list++)
		for (size_t i = 0; i < lists[list].count; i++) {
			fputs(before, file);
			write_result(file, &lists[list].results[i]);
			before = ",\n";
		}
	fputs("\n]\n", file);
	if (fclose(file))
		bench_die("can't write the results");
}
