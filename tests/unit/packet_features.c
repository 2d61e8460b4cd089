// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The verifier accepts the program with each feature alone and with each left out, and what a
 * configuration doesn't use is gone from it. Needs root.
 */
#include <stdio.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "stages/world.h"

#include "sluice.skel.h"

/* Bytes of machine code of the program with these features; 0: it doesn't load. */
static __u32 load(__u32 features)
{
	struct sluice_bpf *s = sluice_bpf__open();
	struct bpf_prog_info info = {0};
	__u32 size = sizeof(info), code = 0;

	if (!s)
		return 0;
	s->rodata->config = world_config(features);
	if (sluice_bpf__load(s) == 0 &&
	    bpf_obj_get_info_by_fd(bpf_program__fd(s->progs.sluice), &info, &size) == 0)
		code = info.jited_prog_len;
	sluice_bpf__destroy(s);
	return code;
}

static void case_each(void)
{
	const __u32 all = load(FEATURE_ALL);

	for (int i = 0; i < FEATURE_COUNT; i++) {
		__u32 without = load(FEATURE_ALL & ~(1u << i));

		CHECK(load(1u << i) != 0);
		CHECK(without != 0 && without < all);
	}
}

static void case_gone(void)
{
	__u32 all = load(FEATURE_ALL), one = load(FEATURE_IPV4 | FEATURE_IPIP), none = load(0);

	printf("# machine code: %u bytes with all features, %u for IPv4 by IPIP, %u without any\n",
	       all, one, none);
	CHECK(none != 0 && none < one / 8);
	CHECK(one < all * 4 / 5);
}

int main(void)
{
	static const struct check_case cases[] = {
		{"each feature alone, and each left out", case_each},
		{"what isn't used is gone", case_gone},
	};

	if (geteuid() != 0) {
		printf("1..0 # SKIP needs root\n");
		return 0;
	}
	return check_run(cases, 2);
}
