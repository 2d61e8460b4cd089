/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loader/protocol.h"

#include "loader/loader.h"
#include "sluice/api.h"
#include "veth.h"

#include <criterion/criterion.h>

#include <string.h>

static struct request good_request(enum request_kind kind)
{
	struct request request = {.version = PROTOCOL_VERSION, .kind = kind};

	if (kind == REQUEST_LOAD)
		request.config = veth_program;
	if (kind == REQUEST_EXPLAIN)
		request.frame_size = 60;
	return request;
}

#define EXPECT_REFUSED(kind, change)                                                               \
	do {                                                                                       \
		struct request r = good_request(kind);                                             \
		cr_expect_null(protocol_refuse(&r, sizeof(r), 2));                                 \
		change;                                                                            \
		cr_expect_not_null(protocol_refuse(&r, sizeof(r), 2), #change);                    \
	} while (0)

Test(protocol, refuses_what_it_does_not_know)
{
	for (enum request_kind kind = 0; kind < REQUEST_COUNT; kind++) {
		EXPECT_REFUSED(kind, r.version++);
		EXPECT_REFUSED(kind, r.kind = REQUEST_COUNT);
		EXPECT_REFUSED(kind, r.interface = kind == REQUEST_FILE ? LOADER_FILE_COUNT : 2);
		EXPECT_REFUSED(kind, r.frame_size = PROTOCOL_FRAME_MAX + 1);
		EXPECT_REFUSED(kind, r.frame[PROTOCOL_FRAME_MAX - 1] = 1);
		EXPECT_REFUSED(kind, r.zero = 1);
		EXPECT_REFUSED(kind, r.zero2 = 1);
		EXPECT_REFUSED(kind, r.trial_ms = SLUICE_TRIAL_MIN_MS - 1);
		EXPECT_REFUSED(kind, r.trial_ms = SLUICE_TRIAL_MAX_MS + 1);
		if (kind != REQUEST_ATTACH)
			EXPECT_REFUSED(kind, r.trial_ms = SLUICE_TRIAL_MIN_MS);
		EXPECT_REFUSED(kind, r.config.zero = 1);
		EXPECT_REFUSED(kind, r.config.zero2 = 1);
		EXPECT_REFUSED(kind, r.log_component = LOG_COMPONENT_ALL + 1);
		EXPECT_REFUSED(kind, r.log_level = LOG_LEVEL_COUNT);
		if (kind == REQUEST_LOG)
			continue;
		EXPECT_REFUSED(kind, r.log_component = 1);
		EXPECT_REFUSED(kind, r.log_level = 1);
	}
	EXPECT_REFUSED(REQUEST_LOG, r.interface = 1);
	EXPECT_REFUSED(REQUEST_LOG, r.config.outer4_bits = 32);
	EXPECT_REFUSED(REQUEST_ATTACH, r.frame_size = 1);
	EXPECT_REFUSED(REQUEST_LOAD, r.interface = 1);
	EXPECT_REFUSED(REQUEST_LOAD, r.config.features |= FEATURE_ALL + 1);
	EXPECT_REFUSED(REQUEST_LOAD, r.config.features |= 1u << 31);
	EXPECT_REFUSED(REQUEST_LOAD, r.config.outer4_bits = 7);
	EXPECT_REFUSED(REQUEST_LOAD, r.config.outer4_bits = 33);
	EXPECT_REFUSED(REQUEST_LOAD, r.config.outer4_bits = 11);
	EXPECT_REFUSED(REQUEST_LOAD, r.config.outer6_bits = 31);
	EXPECT_REFUSED(REQUEST_LOAD, r.config.outer6_bits = 129);
	EXPECT_REFUSED(REQUEST_LOAD, r.config.outer6_be[2] = 1);
	EXPECT_REFUSED(REQUEST_LOAD, r.config.idle_closing_ticks = 4096);
}

Test(protocol, takes_each_level_of_each_component)
{
	struct request request = good_request(REQUEST_LOG);

	for (unsigned component = 0; component <= LOG_COMPONENT_ALL; component++)
		for (unsigned level = 0; level < LOG_LEVEL_COUNT; level++) {
			request.log_component = component;
			request.log_level = level;
			cr_expect_null(protocol_refuse(&request, sizeof(request), 0));
		}
}

Test(protocol, takes_each_prefix_length_within_bounds)
{
	struct request request = good_request(REQUEST_LOAD);

	memset(request.config.outer6_be, 0xff, sizeof(request.config.outer6_be));
	request.config.outer6_bits = 128;
	cr_expect_null(protocol_refuse(&request, sizeof(request), 2));
	request.config.outer6_bits = 127;
	cr_expect_not_null(protocol_refuse(&request, sizeof(request), 2));
	for (unsigned bits = 32; bits < 128; bits++) {
		memset(request.config.outer6_be, 0, sizeof(request.config.outer6_be));
		((uint8_t *)request.config.outer6_be)[(bits - 1) / 8] = 0x80 >> (bits - 1) % 8;
		request.config.outer6_bits = bits;
		cr_expect_null(protocol_refuse(&request, sizeof(request), 2), "%u", bits);
		request.config.outer6_bits = bits - 1;
		cr_expect_not_null(protocol_refuse(&request, sizeof(request), 2), "%u", bits);
	}
}
