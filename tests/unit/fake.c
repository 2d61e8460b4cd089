/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake_dataplane.h"

#include "base/memory.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct config_capacity capacity = {
	.services = 2,
	.backends = 4,
	.slots = 32,
	.flows = 1024,
};

static struct dataplane *open_fake(void)
{
	struct dataplane *fake;

	cr_assert_eq(dataplane_open(NULL, &capacity, NULL, NULL, &fake, NULL), 0);
	return fake;
}

Test(fake, fails_when_told_and_then_changes_nothing)
{
	const struct step step = {.kind = STEP_SLOT, .index = 31, .after.slot = 7};
	struct dataplane *fake = open_fake();
	struct sl_errors errors = {};
	_cleanup_free_ void *before = NULL, *after = NULL;
	size_t size, size_after;

	before = fake_bytes(fake, &size);
	fake_fail_at(fake, 1);
	cr_expect_eq(dataplane_apply(fake, &step, &errors), -EIO);
	cr_expect_str_eq(errors.list[0].where, "slot 31");
	after = fake_bytes(fake, &size_after);
	cr_assert_eq(size, size_after);
	cr_expect_arr_eq(before, after, size);
	cr_expect_eq(dataplane_apply(fake, &step, &errors), 0, "once only");
	free(after);
	after = fake_bytes(fake, &size_after);
	cr_expect_neq(memcmp(before, after, size), 0);
	cr_expect_eq(fake_steps(fake), 2);
	sl_errors_deinit(&errors);
	dataplane_close(fake);
}

Test(fake, reads_back_what_was_applied)
{
	const struct vip later = {.address = {.family = 4, .word_be = {9}}, .service = 1};
	const struct vip earlier = {.address = {.family = 4, .word_be = {8}}, .service = 2};
	const struct backend_entry backend = {.state = BACKEND_UP, .family = 4, .service = 2};
	const struct egress_entry egress = {.ifindex = 1, .mac = {2}, .mtu = 3};
	const struct step steps[] = {
		{.kind = STEP_VIP, .after.vip = later},
		{.kind = STEP_VIP, .after.vip = earlier},
		{.kind = STEP_SERVICE_WORD,
		 .index = 2,
		 .after.word = SERVICE_WORD(1, 4, 0, 0, 0, 0)},
		{.kind = STEP_BACKEND_ENTRY, .index = 3, .after.backend = backend},
		{.kind = STEP_CHUNK, .index = 1, .after.chunk = {{1, 2}}},
		{.kind = STEP_EGRESS, .index = 63, .after.egress = egress},
	};
	struct dataplane *fake = open_fake();
	struct world expected, got;

	world_init(&expected, dataplane_size(fake));
	for (size_t i = 0; i < sl_count(steps); i++) {
		cr_assert_eq(dataplane_apply(fake, &steps[i], NULL), 0);
		world_apply(&expected, &steps[i], 1);
	}
	world_init(&got, dataplane_size(fake));
	cr_assert_eq(dataplane_read(fake, &got, NULL), 0);
	cr_expect(world_equal(&got, &expected));
	world_deinit(&got);
	world_deinit(&expected);
	dataplane_close(fake);
}
