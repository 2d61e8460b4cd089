/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/interface.h"

#include "host/netlink.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FEATURES_MAX = 256 }; /* 69 of them on 6.18 */

const char *const host_offload_word[HOST_OFFLOAD_COUNT] = {
#define X(name, feature, word) [HOST_OFFLOAD_##name] = word,
	HOST_OFFLOADS(X)
#undef X
};

static const char *const feature_name[HOST_OFFLOAD_COUNT] = {
#define X(name, feature, word) [HOST_OFFLOAD_##name] = feature,
	HOST_OFFLOADS(X)
#undef X
};

/* False: the driver or the kernel doesn't know the question. */
static bool ethtool(int fd, const char *name, void *command)
{
	struct ifreq request = {.ifr_data = command};

	memcpy(request.ifr_name, name, strnlen(name, IF_NAMESIZE - 1));
	return ioctl(fd, SIOCETHTOOL, &request) == 0;
}

static void get_driver(int fd, struct host_interface *interface)
{
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};

	if (ethtool(fd, interface->name, &info))
		snprintf(interface->driver, sizeof(interface->driver), "%s", info.driver);
}

static void get_queues(int fd, struct host_interface *interface)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};

	if (!ethtool(fd, interface->name, &channels))
		return;
	interface->queues = channels.rx_count + channels.combined_count;
	interface->queues_combined = channels.max_combined > 0;
	interface->queues_most =
		interface->queues_combined ? channels.max_combined : channels.max_rx;
}

/* Each of the next three ends in an array; the union makes room for it. */
static uint32_t count_features(int fd, const char *name)
{
	union {
		struct ethtool_sset_info info;
		char room[sizeof(struct ethtool_sset_info) + sizeof(uint32_t)];
	} question = {.info = {.cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ull << ETH_SS_FEATURES}};

	if (!ethtool(fd, name, &question) || !question.info.sset_mask ||
	    question.info.data[0] > FEATURES_MAX)
		return 0;
	return question.info.data[0];
}

static void take_feature(struct host_interface *interface, const char *name, bool on)
{
	for (int i = 0; i < HOST_OFFLOAD_COUNT; i++)
		if (!strncmp(name, feature_name[i], ETH_GSTRING_LEN))
			interface->on[i] = on;
}

static void get_features(int fd, struct host_interface *interface)
{
	union {
		struct ethtool_gstrings head;
		char room[sizeof(struct ethtool_gstrings) + FEATURES_MAX * ETH_GSTRING_LEN];
	} names = {.head = {.cmd = ETHTOOL_GSTRINGS, .string_set = ETH_SS_FEATURES}};
	union {
		struct ethtool_gfeatures head;
		char room[sizeof(struct ethtool_gfeatures) +
			  FEATURES_MAX / 32 * sizeof(struct ethtool_get_features_block)];
	} features = {.head = {.cmd = ETHTOOL_GFEATURES}};
	uint32_t count = count_features(fd, interface->name);

	names.head.len = count;
	features.head.size = (count + 31) / 32;
	if (!count || !ethtool(fd, interface->name, &names) ||
	    !ethtool(fd, interface->name, &features))
		return;
	for (uint32_t i = 0; i < count; i++)
		take_feature(interface, (const char *)names.head.data + i * ETH_GSTRING_LEN,
			     features.head.features[i / 32].active >> i % 32 & 1);
}

int host_interface_get(const char *name, struct host_interface *ret_interface)
{
	struct host_interface interface = {.ifindex = 0};
	int fd, r;

	snprintf(interface.name, sizeof(interface.name), "%s", name);
	r = netlink_link(interface.name, &interface);
	if (r < 0)
		return r;
	netlink_xdp_features(&interface);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	get_driver(fd, &interface);
	get_queues(fd, &interface);
	get_features(fd, &interface);
	close(fd);
	*ret_interface = interface;
	return 0;
}

int host_interface_list(struct host_interface **ret_list, size_t *ret_count)
{
	struct if_nameindex *names = if_nameindex();
	struct host_interface *list;
	size_t room = 1, count = 0;

	if (!names)
		return -errno;
	for (struct if_nameindex *at = names; at->if_index; at++)
		room++;
	list = calloc(room, sizeof(*list));
	for (struct if_nameindex *at = names; list && at->if_index; at++)
		if (!host_interface_get(at->if_name, &list[count]))
			count++;
	if_freenameindex(names);
	if (!list)
		return -ENOMEM;
	*ret_list = list;
	*ret_count = count;
	return 0;
}
