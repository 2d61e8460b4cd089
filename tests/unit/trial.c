/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interfaces on trial, in the kernel: whatever happens, what nobody confirmed doesn't stay attached.
 */
#include "dataplane/program.h"

#include "base/memory.h"
#include "veth.h"

#include <criterion/criterion.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <net/if.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define LONG_MS 3600000

static const struct config_interface inside = {.name = VETH_IN, .mode = CONFIG_MODE_AUTO};
static struct program *program;
static struct sl_errors errors;

/* As a process that starts. */
static void open_program(void)
{
	static const struct hash_key key = {{1, 2}};

	cr_assert_eq(program_open(veth_pin_dir(), &veth_capacity, &key, &program, &errors), 0);
	cr_assert_eq(program_load(program, &veth_program, &errors), 0);
}

/* As a process that was killed: the kernel closes what it held. */
static void close_program(void)
{
	program_close(program);
	program = NULL;
}

static void enter(void)
{
	if (!veth_enter())
		cr_skip_test("needs root and /sys/fs/bpf");
	open_program();
}

static void leave(void)
{
	close_program();
	sl_errors_deinit(&errors);
	veth_unpin();
}

TestSuite(trial, .init = enter, .fini = leave, .timeout = 60);

/* The kernel's word. */
static bool is_attached(void)
{
	__u32 id = 0;

	cr_assert_eq(bpf_xdp_query_id(if_nametoindex(VETH_IN), 0, &id), 0);
	return id;
}

static bool is_pinned(const char *name)
{
	_cleanup_free_ char *path = sl_printf("%s/v%u/%s", veth_pin_dir(), SLUICE_ABI, name);

	return !access(path, F_OK);
}

static void try_for(uint32_t ms)
{
	cr_assert_eq(program_try(program, &inside, ms, &errors), 0);
	cr_assert(is_attached());
	cr_assert_not(is_pinned("link-inside:1"));
	cr_assert(is_pinned("trial-inside:1"));
}

static void let_it_end(void)
{
	for (unsigned i = 0; program_end_trials(program) >= 0 && i < 500; i++)
		usleep(10000);
	cr_assert_not(is_attached());
	cr_assert_eq(program_mode(program, VETH_IN), CONFIG_MODE_COUNT);
	cr_assert_eq(program_left_ms(program, VETH_IN), 0);
}

static void start(void)
{
	cr_assert_eq(program_attach_at_start(program, &inside, &errors), 0);
}

Test(trial, ends_by_itself)
{
	try_for(50);
	let_it_end();
}

Test(trial, lasts_as_long_as_was_said)
{
	try_for(LONG_MS);
	cr_expect_gt(program_end_trials(program), LONG_MS / 2);
	cr_expect_leq(program_end_trials(program), LONG_MS + 1);
	cr_expect_gt(program_left_ms(program, VETH_IN), LONG_MS / 2);
	try_for(LONG_MS / 4);
	cr_expect_lt(program_left_ms(program, VETH_IN), LONG_MS / 2);
	cr_expect(is_attached());
}

Test(trial, ends_with_the_process)
{
	try_for(LONG_MS);
	close_program();
	cr_expect_not(is_attached());
}

Test(trial, is_kept_by_attach)
{
	try_for(LONG_MS);
	cr_assert_eq(program_attach(program, &inside, &errors), 0);
	cr_expect_eq(program_left_ms(program, VETH_IN), 0);
	cr_expect_eq(program_end_trials(program), -1);
	cr_expect(is_pinned("link-inside:1"));
	cr_expect_not(is_pinned("trial-inside:1"));
	close_program();
	cr_expect(is_attached());
	open_program();
	start();
	cr_expect(is_attached());
}

Test(trial, is_swapped_like_any)
{
	struct program_config other = veth_program;

	try_for(LONG_MS);
	other.features = FEATURE_IPV4 | FEATURE_IPIP;
	cr_assert_eq(program_load(program, &other, &errors), 0);
	cr_expect(is_attached());
	cr_expect_gt(program_left_ms(program, VETH_IN), 0);
}

/* By no start, this process's or another's; an operator's word attaches it. */
Test(trial, that_was_not_confirmed_leaves_it_off)
{
	program_set_trial(program, 50);
	start();
	cr_assert_gt(program_left_ms(program, VETH_IN), 0);
	program_started(program);
	let_it_end();
	start();
	cr_expect_not(is_attached(), "a worker that was started anew");
	close_program();
	open_program();
	start();
	cr_expect_not(is_attached(), "a daemon that was started anew");
	cr_assert_eq(program_attach(program, &inside, &errors), 0);
	cr_expect(is_attached());
	cr_expect_not(is_pinned("trial-inside:1"));
}

Test(trial, at_a_new_start_is_the_operators_word)
{
	try_for(LONG_MS);
	close_program();
	open_program();
	program_set_trial(program, LONG_MS);
	start();
	cr_expect(is_attached());
	cr_expect_gt(program_left_ms(program, VETH_IN), 0);
	start();
	cr_expect(is_attached(), "and runs on when the worker is started anew");
}

Test(trial, never_takes_off_what_was_attached_for_good)
{
	struct config_interface shared = inside;

	cr_assert_eq(program_attach(program, &inside, &errors), 0);
	cr_expect_eq(program_try(program, &inside, LONG_MS, &errors), -EEXIST);
	close_program();
	open_program();
	program_set_trial(program, LONG_MS);
	start();
	cr_expect(is_attached());
	cr_expect_eq(program_left_ms(program, VETH_IN), 0);
	cr_expect(is_pinned("link-inside:1"));
	shared.attach = CONFIG_ATTACH_SHARED;
	cr_expect_eq(program_try(program, &shared, LONG_MS, &errors), -ENOTSUP);
}

Test(trial, is_ended_by_detach)
{
	unsigned links;

	try_for(LONG_MS);
	cr_assert_eq(program_detach(program, VETH_IN, &errors), 0);
	cr_expect_not(is_attached());
	cr_expect_not(is_pinned("trial-inside:1"));
	start();
	cr_expect(is_attached());
	cr_assert_eq(program_detach(program, VETH_IN, &errors), 0);
	try_for(LONG_MS);
	close_program();
	cr_expect_eq(program_remove_all(veth_pin_dir(), &links, &errors), 0);
}
