/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The YAML file. Everything in it that isn't plain letters is quoted, so it means what it says.
 */
#include "import/imported.h"

#include "fail.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_SERVICES 1024u
#define DEFAULT_BACKENDS 16384u
#define DEFAULT_SLOTS	 1048576u
#define SERVICES_MAX	 65536u
#define SLOTS_MAX	 67108864u
#define SIZE_MAX_BYTES	 (8u << 20) /* of a configuration, as are the keys and values */
#define NODES_MAX	 1048576u

static void write_scalar(FILE *out, const char *text)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-";
	bool quoted = text[strspn(text, plain)] || !text[0] || strchr("_.-", text[0]);

	if (!quoted) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (; *text; text++)
		fprintf(out, "%s%c", strchr("\"\\", *text) ? "\\" : "", *text);
	fputc('"', out);
}

static void write_key(FILE *out, const char *key, const char *text)
{
	fprintf(out, ", %s: ", key);
	write_scalar(out, text);
}

static void write_time(FILE *out, const char *key, uint64_t ms)
{
	if (!ms)
		return;
	fprintf(out, ", %s: %" PRIu64 "%s", key, ms % 1000 ? ms : ms / 1000,
		ms % 1000 ? "ms" : "s");
}

static void write_count(FILE *out, const char *key, unsigned count)
{
	if (count)
		fprintf(out, ", %s: %u", key, count);
}

/* ---- capacity ------------------------------------------------------------------------------------------ */

/* About a hundred slots for each backend; twice, for a table that grows. */
static uint64_t slots_of(const struct imported *imported)
{
	uint64_t all = 0;

	for (size_t i = 0; i < imported->n_services; i++) {
		uint64_t slots = 16;

		while (slots < 100 * imported->services[i].pool->n_backends)
			slots *= 2;
		all += 2 * slots;
	}
	return all < SLOTS_MAX ? all : SLOTS_MAX;
}

static void write_capacity(FILE *out, const struct imported *imported)
{
	uint64_t slots = slots_of(imported);
	bool services = imported->n_services >= DEFAULT_SERVICES;
	bool backends = imported->n_backends > DEFAULT_BACKENDS;

	if (!services && !backends && slots <= DEFAULT_SLOTS)
		return;
	fprintf(out, "\ncapacity:\n");
	if (services)
		fprintf(out, "  services: %u\n",
			2 * imported->n_services < SERVICES_MAX
				? (unsigned)(2 * imported->n_services)
				: SERVICES_MAX);
	if (backends)
		fprintf(out, "  backends: %u\n", IMPORT_BACKENDS_MAX);
	if (slots > DEFAULT_SLOTS)
		fprintf(out, "  slots: %" PRIu64 "\n", slots);
}

/* ---- pools and services -------------------------------------------------------------------------------- */

static void write_check(FILE *out, const struct imported_check *check)
{
	bool http = check->type == IMPORT_CHECK_HTTP;

	if (check->type == IMPORT_CHECK_NONE)
		return;
	fprintf(out, "    check: {type: %s, port: %u", http ? "http" : "tcp", check->port);
	if (http && check->path)
		write_key(out, "path", check->path);
	if (http && check->host)
		write_key(out, "host", check->host);
	if (http && check->expect_first == check->expect_last)
		write_count(out, "expect", check->expect_first);
	else if (http)
		fprintf(out, ", expect: %u-%u", check->expect_first, check->expect_last);
	write_time(out, "interval", check->interval_ms);
	write_time(out, "timeout", check->timeout_ms);
	write_count(out, "rise", check->rise);
	write_count(out, "fall", check->fall);
	fprintf(out, "}\n");
}

static void write_backend(FILE *out, const struct imported_backend *backend)
{
	char host[HOST_TEXT_MAX];

	fprintf(out, "      - {name: ");
	write_scalar(out, backend->name);
	write_key(out, "address", host_text(&backend->host, host));
	fprintf(out, ", weight: %u}\n", backend->weight);
}

static void write_pool(FILE *out, const struct imported_pool *pool)
{
	fprintf(out, "  ");
	write_scalar(out, pool->name);
	fprintf(out, ":\n");
	write_check(out, &pool->check);
	fprintf(out, "    backends:%s\n", pool->n_backends ? "" : " []");
	for (size_t i = 0; i < pool->n_backends; i++)
		write_backend(out, &pool->backends[i]);
}

static void write_service(FILE *out, const struct imported_service *service)
{
	char vip[HOST_TEXT_MAX];

	fprintf(out, "  ");
	write_scalar(out, service->name);
	fprintf(out, ": {vip: ");
	write_scalar(out, host_text(&service->vip, vip));
	fprintf(out, ", protocol: %s, port: ", service->udp ? "udp" : "tcp");
	if (service->port)
		fprintf(out, "%u", service->port);
	else
		fprintf(out, "any");
	write_key(out, "pool", service->pool->name);
	write_key(out, "algorithm", service->algorithm);
	write_key(out, "forward", service->forward);
	fprintf(out, "}\n");
}

/* ---- the file ------------------------------------------------------------------------------------------ */

static void write_note(FILE *out, const struct note *note)
{
	fprintf(out, "# %s: line%s %u", note->kind == NOTE_LOST ? "not taken over" : "changed",
		note->last > note->line ? "s" : "", note->line);
	if (note->last > note->line)
		fprintf(out, "-%u", note->last);
	fprintf(out, ": %s (%s)\n", note->what, note->why);
}

static void write_all(FILE *out, const struct imported *imported, const char *interface,
		      const char *title)
{
	fprintf(out, "# %s\n", title);
	if (!imported->n_services)
		fprintf(out, "# There is no service in it that sluice could take over.\n");
	for (size_t i = 0; i < imported->notes.count; i++)
		write_note(out, &imported->notes.list[i]);
	write_capacity(out, imported);
	fprintf(out, "\ninterfaces:\n  ");
	write_scalar(out, interface);
	fprintf(out, ": # packets for the VIPs come in here; no other program says so\n");
	if (imported->n_pools)
		fprintf(out, "\npools:\n");
	for (size_t i = 0; i < imported->n_pools; i++)
		write_pool(out, imported->pools[i]);
	if (imported->n_services)
		fprintf(out, "\nservices:\n");
	for (size_t i = 0; i < imported->n_services; i++)
		write_service(out, &imported->services[i]);
}

/* Keys, values and what holds them: at most so many are in the text. */
static size_t count_nodes(const struct imported *imported)
{
	size_t nodes = 100 + 14 * imported->n_services;

	for (size_t i = 0; i < imported->n_pools; i++)
		nodes += 24 + 7 * imported->pools[i]->n_backends;
	return nodes;
}

const char *imported_write(struct imported *imported, const char *interface, const char *title)
{
	_free_ char *text = NULL;
	size_t size = 0;
	FILE *out;

	if (count_nodes(imported) > NODES_MAX)
		return NULL;
	out = open_memstream(&text, &size);
	if (!out)
		return NULL;
	write_all(out, imported, interface, title);
	fclose(out);
	return text && size <= SIZE_MAX_BYTES ? arena_copy(&imported->arena, text, size) : NULL;
}
