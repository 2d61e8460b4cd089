/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor/checks.h"
#include "host/file.h"

#include <stdlib.h>
#include <string.h>

/* What the daemon opens besides one socket a check: connections, maps, pins, the log. */
enum { FILES_BESIDES_CHECKS = 256 };

static bool is_worker(const struct facts *facts, const struct process *process)
{
	for (size_t i = 0; i < facts->n_daemons; i++)
		if (facts->daemons[i].pid == process->parent)
			return true;
	return false;
}

/* NULL: none is seen. */
static const struct process *find(const struct facts *facts, bool worker)
{
	for (size_t i = 0; i < facts->n_daemons; i++)
		if (facts->daemons[i].is_here && is_worker(facts, &facts->daemons[i]) == worker)
			return &facts->daemons[i];
	return NULL;
}

void check_daemon(const void *examined, struct report *report)
{
	const struct facts *facts = examined;
	const char *version = json_string_value(json_object_get(facts->version, "version"));
	const struct process *loader = find(facts, false);

	if (!version || !strcmp(version, SLUICE_VERSION))
		return;
	report_add(report, REPORT_WARNING, "",
		   "sluiced %s runs, this client is %s: start sluiced anew, traffic goes on",
		   version, SLUICE_VERSION);
	if (loader)
		report_remedy(report, "kill %d  # then start sluiced again", loader->pid);
}

void check_daemons(const void *examined, struct report *report)
{
	const struct facts *facts = examined;
	const struct process *first = NULL, *last = NULL;

	for (size_t i = 0; i < facts->n_daemons; i++) {
		const struct process *process = &facts->daemons[i];

		if (!process->is_here || is_worker(facts, process))
			continue;
		first = first ? first : process;
		last = process;
	}
	if (first == last)
		return;
	report_add(report, REPORT_WARNING, "",
		   "two daemons run here, processes %d and %d: each must have its own interfaces, "
		   "pins and socket",
		   first->pid, last->pid);
	report_remedy(report, "kill %d", last->pid);
}

void check_limits(const void *examined, struct report *report)
{
	const struct facts *facts = examined;
	const struct process *worker = find(facts, true);
	long limit = worker ? process_file_limit(facts->root, worker->pid) : -1;
	long needed = json_array_size(json_object_get(facts->backends, "backends")) +
		      FILES_BESIDES_CHECKS;

	if (limit < 0)
		report_add(report, REPORT_SKIPPED, "", "the daemon's process can't be looked at");
	if (limit < 0 || limit >= needed)
		return;
	report_add(report, REPORT_WARNING, "",
		   "the daemon may open %ld files; with checks of all backends it may need %ld",
		   limit, needed);
	report_remedy(report, "prlimit --pid %d --nofile=%ld:%ld", worker->pid, 2 * needed,
		      2 * needed);
}

/* Bytes of the tables that are large: a slot is 4, twice while a table grows; a record 16 in all. */
static long table_bytes(const struct facts *facts)
{
	static const struct {
		const char *key;
		long bytes, usual;
	} tables[] = {{"flows", 16, 1 << 20}, {"slots", 4, 1 << 20}, {"backends", 64, 16384}};
	long sum = 0;

	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
		char *text = facts_configured(facts, "capacity", tables[i].key);

		sum += tables[i].bytes * (text ? atol(text) : tables[i].usual);
		free(text);
	}
	return sum;
}

void check_memory(const void *examined, struct report *report)
{
	const struct facts *facts = examined;
	char *text = host_read_file(facts->root, "proc/meminfo");
	const char *line = text ? strstr(text, "MemAvailable:") : NULL;
	long needed_kib = table_bytes(facts) / 1024;
	long available_kib = line ? atol(line + strlen("MemAvailable:")) : 0;

	if (!line)
		report_add(report, REPORT_SKIPPED, "", "/proc/meminfo does not tell");
	else if (available_kib < needed_kib)
		report_add(report, REPORT_WARNING, "",
			   "%ld MiB are free, a start with new tables takes %ld MiB: make "
			   "capacity: smaller in %s",
			   available_kib / 1024, needed_kib / 1024, facts->config);
	free(text);
}
