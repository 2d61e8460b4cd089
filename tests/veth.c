/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "veth.h"

#include "dataplane/program.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>

#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ETHER_TYPE 0x88b5 /* for local experiments (IEEE 802) */

const struct config_capacity veth_capacity = {
	.services = 8,
	.backends = 32,
	.slots = 256,
	.flows = 1024,
};

const struct program_config veth_program = {
	.features = FEATURE_IPV4 | FEATURE_IPIP,
	.outer4_bits = 16,
	.outer6_bits = 64,
	.outer4_be = 0x000010ac, /* 172.16.0.0 */
	.idle_unconfirmed_ticks = 8,
	.idle_established_ticks = 210,
	.idle_closing_ticks = 3,
};

static void run(const char *command)
{
	int status = system(command);

	if (status)
		fprintf(stderr, "%s: status %d\n", command, status);
	assert(!status);
}

static void make_pair(void)
{
	run("ip link add " VETH_OUT " type veth peer name " VETH_IN);
	run("ip link set " VETH_OUT " up && ip link set " VETH_IN " up");
}

bool veth_enter(void)
{
	if (access("/sys/fs/bpf", W_OK) || unshare(CLONE_NEWNET)) {
		fprintf(stderr, "no network namespace or bpf file system: %s\n", strerror(errno));
		return false;
	}
	run("echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6");
	make_pair();
	return true;
}

void veth_renew(void)
{
	run("ip link del " VETH_OUT);
	make_pair();
}

const char *veth_pin_dir(void)
{
	static char path[64];

	snprintf(path, sizeof(path), "/sys/fs/bpf/sluice-test-%d", getpid());
	return path;
}

void veth_unpin(void)
{
	unsigned links;

	program_remove_all(veth_pin_dir(), &links, NULL);
}

int veth_socket(const char *interface)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETHER_TYPE),
		.sll_ifindex = if_nametoindex(interface),
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert(fd >= 0 && !bind(fd, (struct sockaddr *)&address, sizeof(address)));
	return fd;
}

void veth_send(int socket, unsigned count)
{
	unsigned char frame[64] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1};

	frame[12] = ETHER_TYPE >> 8;
	frame[13] = ETHER_TYPE & 255;
	while (count--)
		assert(send(socket, frame, sizeof(frame), 0) == sizeof(frame));
}

unsigned veth_receive(int socket)
{
	char frame[2048];
	unsigned count = 0;

	while (recv(socket, frame, sizeof(frame), 0) > 0)
		count++;
	return count;
}
