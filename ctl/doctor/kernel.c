/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor/kernel.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOOPBACK = 1 /* its number in every namespace */ };

const char *const kernel_feature_text[KERNEL_FEATURE_COUNT] = {
#define X(name, text) [KERNEL_##name] = text,
	KERNEL_FEATURES(X)
#undef X
};

static int bpf(int command, union bpf_attr *attributes)
{
	return syscall(SYS_bpf, command, attributes, sizeof(*attributes));
}

static enum host_known known(int fd)
{
	return fd >= 0 ? HOST_YES : errno == EPERM ? HOST_UNKNOWN : HOST_NO;
}

static int create_array(void)
{
	union bpf_attr attributes = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = 8,
		.max_entries = 1,
		.map_flags = BPF_F_MMAPABLE,
	};

	return bpf(BPF_MAP_CREATE, &attributes);
}

/* Reads the clock and passes every packet. */
static int load_program(void)
{
	static const struct bpf_insn program[] = {
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_ktime_get_coarse_ns},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr attributes = {
		.prog_type = BPF_PROG_TYPE_XDP,
		.insns = (uintptr_t)program,
		.insn_cnt = sizeof(program) / sizeof(*program),
		.license = (uintptr_t) "GPL",
		.expected_attach_type = BPF_XDP,
	};

	return bpf(BPF_PROG_LOAD, &attributes);
}

static enum host_known try_link(int program)
{
	union bpf_attr attributes = {.link_create = {
					     .prog_fd = program,
					     .target_ifindex = LOOPBACK,
					     .attach_type = BPF_XDP,
					     .flags = XDP_FLAGS_SKB_MODE,
				     }};

	if (program < 0 || unshare(CLONE_NEWNET))
		return HOST_UNKNOWN;
	return known(bpf(BPF_LINK_CREATE, &attributes));
}

/* The sysctl can be seen in the first network namespace only, its effect everywhere. */
static enum host_known is_compiled(int program)
{
	struct bpf_prog_info info = {0};
	union bpf_attr attributes = {
		.info = {.bpf_fd = program, .info_len = sizeof(info), .info = (uintptr_t)&info}};

	if (program < 0 || bpf(BPF_OBJ_GET_INFO_BY_FD, &attributes))
		return HOST_UNKNOWN;
	return info.jited_prog_len ? HOST_YES : HOST_NO;
}

/* Two bits a feature are the exit status; descriptors end with the process. */
static int try_all(void)
{
	int program, status = known(create_array()) << 2 * KERNEL_MMAP_ARRAY;

	program = load_program();
	status |= known(program) << 2 * KERNEL_COARSE_CLOCK;
	status |= is_compiled(program) << 2 * KERNEL_JIT;
	return status | try_link(program) << 2 * KERNEL_XDP_LINK;
}

void kernel_probe(enum host_known ret_can[KERNEL_FEATURE_COUNT])
{
	pid_t child = fork();
	int status = 0;

	if (!child)
		_exit(try_all());
	if (child < 0 || waitpid(child, &status, 0) < 0 || !WIFEXITED(status))
		status = 0;
	for (int i = 0; i < KERNEL_FEATURE_COUNT; i++)
		ret_can[i] = WEXITSTATUS(status) >> 2 * i & 3;
}

enum host_known kernel_membarrier(void)
{
	int commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);

	return commands > 0 && commands & MEMBARRIER_CMD_GLOBAL ? HOST_YES : HOST_NO;
}
