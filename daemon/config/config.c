/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/config.h"

#include "base/memory.h"
#include "config/schema.h"
#include "config/words.h"

#include <stdlib.h>
#include <string.h>

static void pool_deinit(struct config_pool *pool)
{
	free(pool->check.path);
	free(pool->check.host);
	free(pool->backends);
}

void config_free(struct config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->n_pools; i++)
		pool_deinit(&config->pools[i]);
	free(config->pools);
	free(config->services);
	free(config->interfaces);
	free(config->api.socket);
	free(config->api.view_socket);
	free(config->api.roles);
	free(config->api.certificate);
	free(config->api.key);
	free(config->api.tokens);
	free(config->hash_key_file);
	free(config->state.directory);
	free(config);
}

void config_freep(struct config **config)
{
	config_free(*config);
}

int config_find_pool(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->n_pools; i++)
		if (!strcmp(config->pools[i].name, name))
			return i;
	return -1;
}

int config_find_service(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->n_services; i++)
		if (!strcmp(config->services[i].name, name))
			return i;
	return -1;
}

int config_find_backend(const struct config_pool *pool, const char *name)
{
	for (size_t i = 0; i < pool->n_backends; i++)
		if (!strcmp(pool->backends[i].name, name))
			return i;
	return -1;
}

const char *config_algorithm_word(enum algorithm algorithm)
{
	return words_get(&words_algorithm, algorithm);
}

const char *config_forward_word(enum forward forward)
{
	return words_get(&words_forward, forward);
}

const char *config_tracking_word(enum tracking tracking)
{
	return words_get(&words_tracking, tracking);
}

const char *config_service_mode_word(enum service_mode mode)
{
	return words_get(&words_service_mode, mode);
}

const char *config_when_empty_word(enum when_empty when_empty)
{
	return words_get(&words_when_empty, when_empty);
}

const char *config_check_word(enum config_check check)
{
	return words_get(&words_check, check);
}

const char *config_attach_word(enum config_attach attach)
{
	return words_get(&words_attach, attach);
}

const char *config_mode_word(enum config_mode mode)
{
	return words_get(&words_mode, mode);
}

const char *config_source_word(enum config_source source)
{
	return words_get(&words_source, source);
}

static void swap_bytes(void *a, void *b, size_t size)
{
	_cleanup_free_ void *kept = sl_calloc(1, size);

	memcpy(kept, a, size);
	memcpy(a, b, size);
	memcpy(b, kept, size);
}

void config_swap_fixed(struct config *a, struct config *b)
{
	for (size_t i = 0; i < schema_file.n_fields; i++) {
		const struct field *field = &schema_file.fields[i];

		if (!field->restart)
			continue;
		swap_bytes(field_at(field, a), field_at(field, b), field->size);
		if (field->holds == FIELD_MAP || field->holds == FIELD_LIST)
			swap_bytes((char *)a + field->second, (char *)b + field->second,
				   sizeof(size_t));
	}
}

const char *config_role_word(enum sluice_role role)
{
	return words_get(&words_role, role);
}
