/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loader/protocol.h"

#include "sluice/api.h"
#include "loader/loader.h"

#include <arpa/inet.h>
#include <string.h>

/* Whether bits behind the prefix are set. */
static bool has_host_bits(const __be32 *words_be, size_t words, unsigned bits)
{
	for (size_t i = 0; i < words; i++) {
		unsigned kept = bits > 32 * (i + 1) ? 32 : bits > 32 * i ? bits - 32 * i : 0;
		uint32_t host = kept == 32 ? 0 : UINT32_MAX >> kept;

		if (ntohl(words_be[i]) & host)
			return true;
	}
	return false;
}

static const char *refuse_config(const struct program_config *config)
{
	if (config->features & ~(uint32_t)FEATURE_ALL)
		return "unknown feature bits";
	if (config->zero || config->zero2)
		return "bits that must be zero";
	if (config->outer4_bits < 8 || config->outer4_bits > 32 || config->outer6_bits < 32 ||
	    config->outer6_bits > 128)
		return "a prefix length out of range";
	if (has_host_bits(&config->outer4_be, 1, config->outer4_bits) ||
	    has_host_bits(config->outer6_be, 4, config->outer6_bits))
		return "bits behind a prefix";
	if (config->idle_unconfirmed_ticks > FLOW_TICK_MASK ||
	    config->idle_established_ticks > FLOW_TICK_MASK ||
	    config->idle_closing_ticks > FLOW_TICK_MASK)
		return "an idle time beyond the flow table's clock";
	return NULL;
}

static bool is_zero(const void *bytes, size_t size)
{
	const uint8_t *at = bytes;

	return !size || (!at[0] && !memcmp(at, at + 1, size - 1));
}

/* What belongs to one kind of request and stands in another. */
static const char *refuse_strays(const struct request *request)
{
	if (request->kind != REQUEST_LOG && (request->log_component || request->log_level))
		return "a needless level";
	if (request->kind != REQUEST_ATTACH && request->trial_ms)
		return "a needless trial";
	if (request->kind != REQUEST_LOAD && !is_zero(&request->config, sizeof(request->config)))
		return "a needless configuration";
	return NULL;
}

static const char *refuse_trial(const struct request *request)
{
	if (request->trial_ms &&
	    (request->trial_ms < SLUICE_TRIAL_MIN_MS || request->trial_ms > SLUICE_TRIAL_MAX_MS))
		return "a trial of a time out of range";
	return NULL;
}

static const char *refuse_level(const struct request *request)
{
	if (request->log_component > LOG_COMPONENT_ALL || request->log_level >= LOG_LEVEL_COUNT)
		return "an unknown component or level of the log";
	return NULL;
}

const char *protocol_refuse(const struct request *request, size_t size, size_t n_interfaces)
{
	uint32_t kind;

	if (size != sizeof(*request))
		return "a message of unknown size";
	if (request->version != PROTOCOL_VERSION)
		return "a message of unknown version";
	kind = request->kind;
	if (kind >= REQUEST_COUNT)
		return "a request of unknown kind";
	if (request->zero || request->zero2 || request->frame_size > sizeof(request->frame) ||
	    (kind != REQUEST_EXPLAIN && request->frame_size) ||
	    !is_zero(request->frame + request->frame_size,
		     sizeof(request->frame) - request->frame_size))
		return "bytes outside of a frame";
	if (kind == REQUEST_FILE && request->interface >= LOADER_FILE_COUNT)
		return "an unknown file";
	if (kind == REQUEST_FILE)
		return refuse_strays(request);
	if (kind == REQUEST_LOAD || kind == REQUEST_READY || kind == REQUEST_LOG
		    ? request->interface != 0
		    : request->interface >= n_interfaces)
		return "an unknown interface";
	if (kind == REQUEST_LOAD && refuse_config(&request->config))
		return refuse_config(&request->config);
	if (refuse_trial(request))
		return refuse_trial(request);
	return kind == REQUEST_LOG && refuse_level(request) ? refuse_level(request)
							    : refuse_strays(request);
}
