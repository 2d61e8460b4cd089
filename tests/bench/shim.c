// SPDX-License-Identifier: GPL-2.0-or-later
#include "bench/shim.h"

#include "bench/bench.h"

#include <bpf/bpf.h>

#include <arpa/inet.h>
#include <linux/if_ether.h>

#include <stdio.h>
#include <string.h>

struct shim_bpf *shim_open(void)
{
	struct shim_bpf *shim = shim_bpf__open_and_load();

	if (!shim)
		bench_die("can't load the shim (root?)");
	return shim;
}

/* Returns the words that the IP header takes. */
static unsigned write_ip4(__be32 *word, const struct shim_frames *frames)
{
	word[0] = htonl(0x45000000 | (FRAME_SIZE - ETH_HLEN));
	word[1] = htonl(0x00004000);
	word[2] = htonl(64u << 24 | frames->protocol << 16); /* nobody looks at its checksum */
	word[4] = frames->destination.word_be[0];
	return 5;
}

static unsigned write_ip6(__be32 *word, const struct shim_frames *frames)
{
	word[0] = htonl(6u << 28);
	word[1] = htonl((FRAME_SIZE - ETH_HLEN - 40) << 16 | frames->protocol << 8 | 64);
	word[2] = htonl(0x20010db8);
	word[3] = htonl(2);
	memcpy(&word[6], frames->destination.word_be, 16);
	return 10;
}

void shim_set_frames(struct shim_bpf *shim, const struct shim_frames *frames)
{
	bool ip4 = frames->destination.family == 4;
	struct bench_frame frame = {
		.family = frames->destination.family,
		.type_be = htons(ip4 ? ETH_P_IP : ETH_P_IPV6),
		.flows = frames->flows,
	};
	__be32 *l4 = frame.word + (ip4 ? write_ip4 : write_ip6)(frame.word, frames);

	l4[0] = htonl(ntohs(frames->port_be));
	if (frames->protocol == IPPROTO_TCP)
		l4[3] = htonl(5u << 28 | frames->tcp_flags << 16);
	else
		l4[1] = htonl((FRAME_SIZE - ETH_HLEN - 4 * (l4 - frame.word)) << 16);
	shim->bss->frame = frame;
}

double shim_run(struct shim_bpf *shim, int program_fd, unsigned ifindex, __u32 repeat, int action)
{
	static unsigned char data[FRAME_SIZE];
	struct xdp_md context = {.data_end = FRAME_SIZE, .ingress_ifindex = ifindex};
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = data, .data_size_in = FRAME_SIZE,
		    .ctx_in = &context, .ctx_size_in = sizeof(context), .repeat = repeat);
	__u32 zero = 0;

	if (bpf_map_update_elem(bpf_map__fd(shim->maps.under_test), &zero, &program_fd, 0))
		bench_die("the shim can't call the program");
	if (bpf_prog_test_run_opts(bpf_program__fd(shim->progs.shim), &run))
		bench_die("the kernel refuses a test run");
	if ((int)run.retval != action) {
		fprintf(stderr, "bench: action %u, not %d\n", run.retval, action);
		bench_die("the program does something else than what is measured");
	}
	return run.duration;
}

void shim_run_each(struct shim_bpf *shim, int program_fd, unsigned ifindex, int action)
{
	struct bench_frame *frame = &shim->bss->frame;

	frame->sequential = 1;
	frame->next = 0;
	shim_run(shim, program_fd, ifindex, frame->flows, action);
	frame->sequential = 0;
}
