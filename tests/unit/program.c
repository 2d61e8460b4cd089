/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dataplane/program.h"

#include "balance/world.h"
#include "base/memory.h"
#include "dataplane/dataplane.h"
#include "veth.h"

#include <criterion/criterion.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <net/if.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sl_errors errors;

static void enter(void)
{
	if (!veth_enter())
		cr_skip_test("needs root and /sys/fs/bpf");
}

static void leave(void)
{
	sl_errors_deinit(&errors);
	veth_unpin();
}

TestSuite(program, .init = enter, .fini = leave, .timeout = 120);

static const struct hash_key key = {{1, 2}};

static struct program *open_program(const struct config_capacity *capacity)
{
	struct program *program = NULL;
	int err = program_open(veth_pin_dir(), capacity, &key, &program, &errors);

	cr_assert_eq(err, 0, "%s", sl_errors_text(&errors));
	return program;
}

static struct program *load_program(void)
{
	struct program *program = open_program(&veth_capacity);
	int err = program_load(program, &veth_program, &errors);

	cr_assert_eq(err, 0, "%s", sl_errors_text(&errors));
	return program;
}

static struct config_interface inside(enum config_attach attach, enum config_mode mode)
{
	struct config_interface interface = {.name = VETH_IN, .attach = attach, .mode = mode};

	return interface;
}

static void attach(struct program *program, enum config_mode mode)
{
	struct config_interface interface = inside(CONFIG_ATTACH_LINK, mode);
	int err = program_attach(program, &interface, &errors);

	cr_assert_eq(err, 0, "%s", sl_errors_text(&errors));
}

static void expect_error(const char *part)
{
	_cleanup_free_ char *text = sl_errors_text(&errors);

	cr_assert_eq(errors.count, 1, "one error, not: %s", text);
	cr_assert(strstr(text, part), "\"%s\" in: %s", part, text);
	sl_errors_deinit(&errors);
}

/* What the kernel says, not the module: the id of the program in a mode. */
static struct bpf_xdp_query_opts query(const char *interface)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, attached);

	cr_assert_eq(bpf_xdp_query(if_nametoindex(interface), 0, &attached), 0);
	return attached;
}

static __u32 map_id(const struct program *program, enum map_number map)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);

	cr_assert_eq(bpf_obj_get_info_by_fd(program_map_fd(program, map), &info, &size), 0);
	return info.id;
}

static int plain_program(void)
{
	static const struct bpf_insn pass[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_PASS},
		{.code = BPF_JMP | BPF_EXIT},
	};

	return bpf_prog_load(BPF_PROG_TYPE_XDP, "other", "GPL", pass, 2, NULL);
}

/* ---- load ------------------------------------------------------------------------------------ */

Test(program, loads_no_features_each_and_all)
{
	struct program *program = open_program(&veth_capacity);
	struct program_config config = veth_program;

	for (unsigned i = 0; i < FEATURE_COUNT + 2; i++) {
		config.features = i == 0 ? 0 : i <= FEATURE_COUNT ? 1u << (i - 1) : FEATURE_ALL;
		cr_assert_eq(program_load(program, &config, &errors), 0, "features %x: %s",
			     config.features, sl_errors_text(&errors));
	}
	program_close(program);
}

Test(program, map_sizes_follow_the_capacity)
{
	struct program *program = open_program(&veth_capacity);
	static const struct {
		enum map_number map;
		unsigned entries;
	} expected[] = {{MAP_services, 9},	 {MAP_vips4, 16},  {MAP_slots, 16},
			{MAP_backends, 32},	 {MAP_flows, 256}, {MAP_turns, 9},
			{MAP_egress, EGRESS_MAX}};

	for (size_t i = 0; i < sl_count(expected); i++) {
		struct bpf_map_info info = {};
		__u32 size = sizeof(info);

		bpf_obj_get_info_by_fd(program_map_fd(program, expected[i].map), &info, &size);
		cr_expect_eq(info.max_entries, expected[i].entries, "%s: %u", info.name,
			     info.max_entries);
	}
	program_close(program);
}

Test(program, another_capacity_is_an_error_that_says_how_to_go_on)
{
	struct config_capacity larger = veth_capacity;
	struct program *program = open_program(&veth_capacity);

	program_close(program);
	larger.flows = 4096;
	cr_assert_lt(program_open(veth_pin_dir(), &larger, &key, &program, &errors), 0);
	expect_error(
		"map flows: pinned with 256 entries, 1024 are wanted: run `sluicectl detach` to "
		"start anew, or set capacity.flows back to 1024");
	larger = veth_capacity;
	larger.slots = 512;
	cr_assert_lt(program_open(veth_pin_dir(), &larger, &key, &program, &errors), 0);
	expect_error("map slots: pinned with 16 entries, 32 are wanted: run `sluicectl detach` to "
		     "start anew, or set capacity.slots back to 256");
}

Test(program, a_pin_directory_elsewhere_is_refused)
{
	char path[] = "/tmp/sluice-test-XXXXXX";
	struct program *program;

	cr_assert(mkdtemp(path));
	cr_assert_eq(program_open(path, &veth_capacity, &key, &program, &errors), -ENOTSUP);
	expect_error("not in a bpf file system");
	rmdir(path);
}

Test(program, a_load_that_fails_leaves_the_old_program)
{
	struct program *program = load_program();
	struct rlimit before, none = {3, 3};
	__u32 attached;

	attach(program, CONFIG_MODE_NATIVE);
	attached = query(VETH_IN).drv_prog_id;
	getrlimit(RLIMIT_NOFILE, &before);
	none.rlim_max = before.rlim_max;
	setrlimit(RLIMIT_NOFILE, &none);
	cr_expect_eq(program_load(program, &veth_program, &errors), -EMFILE);
	setrlimit(RLIMIT_NOFILE, &before);
	cr_expect_eq(errors.count, 1);
	cr_expect_eq(query(VETH_IN).drv_prog_id, attached);
	cr_expect_eq(program_load(program, &veth_program, &errors), 0);
	cr_expect_neq(query(VETH_IN).drv_prog_id, attached);
	program_close(program);
}

/* ---- attach ---------------------------------------------------------------------------------- */

Test(program, auto_is_native_where_the_driver_can)
{
	struct program *program = load_program();

	attach(program, CONFIG_MODE_AUTO);
	cr_expect_eq(program_mode(program, VETH_IN), CONFIG_MODE_NATIVE);
	cr_expect(query(VETH_IN).drv_prog_id);
	cr_expect_eq(program_mode(program, VETH_OUT), CONFIG_MODE_COUNT);
	program_close(program);
}

Test(program, auto_is_generic_where_the_driver_can_not)
{
	struct config_interface loopback = {.name = "lo"};
	struct program *program = load_program();

	cr_assert_eq(program_attach(program, &loopback, &errors), 0);
	cr_expect_eq(program_mode(program, "lo"), CONFIG_MODE_GENERIC);
	cr_expect(query("lo").skb_prog_id);
	loopback.mode = CONFIG_MODE_NATIVE;
	cr_assert_lt(program_attach(program, &loopback, &errors), 0);
	expect_error("interface lo: no XDP in native mode: its driver can't");
	program_close(program);
}

Test(program, another_mode_is_attached_anew)
{
	struct program *program = load_program();

	attach(program, CONFIG_MODE_GENERIC);
	cr_expect(query(VETH_IN).skb_prog_id);
	attach(program, CONFIG_MODE_NATIVE);
	cr_expect_eq(program_mode(program, VETH_IN), CONFIG_MODE_NATIVE);
	cr_expect(query(VETH_IN).drv_prog_id);
	cr_expect_not(query(VETH_IN).skb_prog_id);
	program_close(program);
}

Test(program, a_mode_that_is_refused_leaves_the_old_one)
{
	struct program *program = load_program();
	struct config_interface offload = {.mode = CONFIG_MODE_OFFLOAD};

	strcpy(offload.name, VETH_IN);
	attach(program, CONFIG_MODE_GENERIC);
	cr_expect_lt(program_attach(program, &offload, &errors), 0);
	cr_expect_eq(program_mode(program, VETH_IN), CONFIG_MODE_GENERIC);
	cr_expect(query(VETH_IN).skb_prog_id);
	program_close(program);
}

Test(program, offload_is_tried_and_refused)
{
	struct config_interface interface = inside(CONFIG_ATTACH_LINK, CONFIG_MODE_OFFLOAD);
	struct program *program = load_program();

	cr_assert_lt(program_attach(program, &interface, &errors), 0);
	expect_error("interface " VETH_IN ": no XDP in offload mode");
	cr_expect_not(query(VETH_IN).prog_id);
	program_close(program);
}

/*
 * Swaps and goes where the kernel has dispatchers. Where it has none, or one that libxdp's own
 * doesn't suit, nothing may be attached.
 */
Test(program, shared_is_a_dispatcher_or_a_clear_error)
{
	struct config_interface interface = inside(CONFIG_ATTACH_SHARED, CONFIG_MODE_AUTO);
	struct program *program = load_program();
	int err = program_attach(program, &interface, &errors);

	if (!err) {
		__u32 attached = query(VETH_IN).drv_prog_id;

		cr_expect(attached);
		cr_expect_eq(program_mode(program, VETH_IN), CONFIG_MODE_NATIVE);
		cr_expect_eq(program_load(program, &veth_program, &errors), 0, "%s",
			     sl_errors_text(&errors));
		cr_expect(query(VETH_IN).drv_prog_id && query(VETH_IN).drv_prog_id != attached);
		cr_expect_eq(program_detach(program, VETH_IN, &errors), 0);
	} else if (libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_EXT, NULL) == 1) {
		expect_error("Extension program changes packet data, while original does not");
	} else {
		cr_assert_eq(err, -EOPNOTSUPP);
		expect_error("this kernel refuses them: set `attach: link`");
	}
	cr_expect_not(query(VETH_IN).prog_id);
	cr_expect_eq(program_mode(program, VETH_IN), CONFIG_MODE_COUNT);
	program_close(program);
}

Test(program, an_other_program_is_not_pushed_out)
{
	struct config_interface interface = inside(CONFIG_ATTACH_LINK, CONFIG_MODE_AUTO);
	struct program *program = load_program();
	int other = plain_program();
	__u32 id;

	cr_assert_geq(other, 0);
	cr_assert_eq(bpf_xdp_attach(if_nametoindex(VETH_IN), other, XDP_FLAGS_DRV_MODE, NULL), 0);
	id = query(VETH_IN).drv_prog_id;
	cr_assert_lt(program_attach(program, &interface, &errors), 0);
	expect_error("another XDP program is attached");
	cr_expect_eq(query(VETH_IN).drv_prog_id, id);
	cr_expect_not(query(VETH_IN).skb_prog_id);
	close(other);
	program_close(program);
}

Test(program, attach_needs_a_program_and_an_interface)
{
	struct config_interface interface = inside(CONFIG_ATTACH_LINK, CONFIG_MODE_AUTO);
	struct program *program = open_program(&veth_capacity);

	cr_expect_lt(program_attach(program, &interface, &errors), 0);
	expect_error("no program is loaded yet");
	cr_assert_eq(program_load(program, &veth_program, &errors), 0);
	strcpy(interface.name, "absent0");
	cr_expect_eq(program_attach(program, &interface, &errors), -ENODEV);
	expect_error("interface absent0: there is no such interface");
	program_close(program);
}

/* ---- restart --------------------------------------------------------------------------------- */

Test(program, a_second_process_continues)
{
	struct program *first = load_program(), *second;
	__u32 services = map_id(first, MAP_services), flows = map_id(first, MAP_flows), attached;

	attach(first, CONFIG_MODE_AUTO);
	program_close(first);
	attached = query(VETH_IN).drv_prog_id;
	cr_assert(attached, "the link outlives its maker");

	second = load_program();
	cr_expect_eq(map_id(second, MAP_services), services);
	cr_expect_eq(map_id(second, MAP_flows), flows);
	cr_expect_eq(query(VETH_IN).drv_prog_id, attached, "a load alone doesn't touch the link");
	attach(second, CONFIG_MODE_AUTO);
	cr_expect_eq(program_mode(second, VETH_IN), CONFIG_MODE_NATIVE);
	cr_expect(query(VETH_IN).drv_prog_id && query(VETH_IN).drv_prog_id != attached);
	program_close(second);
}

Test(program, a_directory_has_one_daemon_at_a_time)
{
	struct program *first = open_program(&veth_capacity), *second = NULL;
	int lock = dup(program_lock_fd(first));
	int err = program_open(veth_pin_dir(), &veth_capacity, &key, &second, &errors);

	cr_expect_eq(err, -EBUSY);
	cr_expect_not_null(strstr(errors.list[0].what, "another sluiced"));
	program_close(first);
	sl_errors_deinit(&errors);
	err = program_open(veth_pin_dir(), &veth_capacity, &key, &second, &errors);
	cr_expect_eq(err, -EBUSY, "its worker still has the lock");
	close(lock);
	program_close(open_program(&veth_capacity));
}

Test(program, an_interface_made_anew_is_attached_anew)
{
	struct program *program = load_program();

	attach(program, CONFIG_MODE_AUTO);
	veth_renew();
	cr_assert_not(query(VETH_IN).prog_id);
	cr_assert_eq(program_load(program, &veth_program, &errors), 0,
		     "a gone interface is no error");
	attach(program, CONFIG_MODE_AUTO);
	cr_expect(query(VETH_IN).drv_prog_id);
	program_close(program);
	veth_renew();
	program = load_program();
	attach(program, CONFIG_MODE_AUTO);
	cr_expect(query(VETH_IN).drv_prog_id);
	program_close(program);
}

Test(program, detach_takes_link_and_pin_away)
{
	struct program *program = load_program();
	_cleanup_free_ char *pin = sl_printf("%s/v%u/link-inside:1", veth_pin_dir(), SLUICE_ABI);

	attach(program, CONFIG_MODE_AUTO);
	cr_assert_eq(access(pin, F_OK), 0);
	cr_assert_eq(program_detach(program, VETH_IN, &errors), 0);
	cr_expect_neq(access(pin, F_OK), 0);
	cr_expect_not(query(VETH_IN).prog_id);
	cr_expect_eq(program_mode(program, VETH_IN), CONFIG_MODE_COUNT);
	cr_expect_eq(program_detach(program, VETH_IN, &errors), 0, "twice is no error");
	program_close(program);
}

Test(program, remove_all_works_while_others_hold_descriptors)
{
	struct program *program = load_program();
	unsigned links = 9;

	attach(program, CONFIG_MODE_AUTO);
	cr_assert_eq(program_remove_all(veth_pin_dir(), &links, &errors), 0, "%s",
		     sl_errors_text(&errors));
	cr_expect_eq(links, 1);
	cr_expect_not(query(VETH_IN).prog_id);
	cr_expect_neq(access(veth_pin_dir(), F_OK), 0);
	cr_assert_eq(program_remove_all(veth_pin_dir(), &links, &errors), 0);
	cr_expect_eq(links, 0);
	program_close(program);
}

/* ---- packets --------------------------------------------------------------------------------- */

static uint64_t packets_seen(const struct program *program)
{
	struct verdict_counter verdicts[VERDICT_COUNT];
	struct dataplane *dataplane;
	int fds[MAP_COUNT];
	uint64_t sum = 0;

	for (enum map_number map = 0; map < MAP_COUNT; map++)
		fds[map] = dup(program_map_fd(program, map));
	cr_assert_eq(dataplane_open(fds, &veth_capacity, NULL, NULL, &dataplane, &errors), 0);
	cr_assert_eq(dataplane_verdicts(dataplane, verdicts), 0);
	for (size_t i = 0; i < VERDICT_COUNT; i++)
		sum += verdicts[i].packets;
	dataplane_close(dataplane);
	return sum;
}

struct traffic { /* shared with the child that sends */
	unsigned sent;
	bool stop;
};

static pid_t start_sender(struct traffic *traffic, int socket)
{
	pid_t sender = fork();

	if (sender)
		return sender;
	while (!__atomic_load_n(&traffic->stop, __ATOMIC_ACQUIRE)) {
		veth_send(socket, 50);
		traffic->sent += 50;
		usleep(1000);
	}
	_exit(0);
}

/* A child sends all the while. Each frame must be counted by one program or the other, and arrive.
 */
Test(program, a_swap_loses_no_packet)
{
	struct traffic *traffic = mmap(NULL, sizeof(*traffic), PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct program *program = load_program();
	int out = veth_socket(VETH_OUT), in = veth_socket(VETH_IN), room = 64 << 20;
	struct program_config config = veth_program;
	unsigned received = 0;
	pid_t sender;

	setsockopt(in, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	attach(program, CONFIG_MODE_NATIVE);
	sender = start_sender(traffic, out);
	for (unsigned i = 0; i < 20; i++) {
		config.features ^= FEATURE_TURNS;
		cr_assert_eq(program_load(program, &config, &errors), 0);
		received += veth_receive(in);
	}
	__atomic_store_n(&traffic->stop, true, __ATOMIC_RELEASE);
	cr_assert_eq(waitpid(sender, NULL, 0), sender);
	for (unsigned i = 0; i < 100 && packets_seen(program) < traffic->sent; i++)
		usleep(10000);
	received += veth_receive(in);
	cr_expect_gt(traffic->sent, 1000, "that was no traffic");
	cr_expect_eq(packets_seen(program), traffic->sent);
	cr_expect_eq(received, traffic->sent, "received %u of %u", received, traffic->sent);
	close(in);
	close(out);
	munmap(traffic, sizeof(*traffic));
	program_close(program);
}
