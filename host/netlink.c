/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The netdev family is that of the kernel's Documentation/netlink/specs/netdev.yaml; its header is
 * younger than the C library's, so its four numbers stand here.
 */
#include "host/netlink.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	NETDEV_DEV_GET = 1,
	NETDEV_DEV_IFINDEX = 1,
	NETDEV_DEV_XDP_FEATURES = 3,
};
enum { XDP_ACT_BASIC = 1, XDP_ACT_NDO_XMIT = 4 };

struct question {
	struct nlmsghdr head;
	char room[256];
};

struct answer {
	union {
		struct nlmsghdr head;
		char bytes[32768];
	};
};

static void *begin(struct question *question, uint16_t type, size_t size)
{
	*question = (struct question){.head = {
					      .nlmsg_len = NLMSG_LENGTH(size),
					      .nlmsg_type = type,
					      .nlmsg_flags = NLM_F_REQUEST,
				      }};
	return NLMSG_DATA(&question->head);
}

static void add(struct question *question, uint16_t type, const void *value, size_t size)
{
	struct rtattr *attribute =
		(void *)((char *)question + NLMSG_ALIGN(question->head.nlmsg_len));

	attribute->rta_type = type;
	attribute->rta_len = RTA_LENGTH(size);
	memcpy(RTA_DATA(attribute), value, size);
	question->head.nlmsg_len =
		NLMSG_ALIGN(question->head.nlmsg_len) + RTA_ALIGN(attribute->rta_len);
}

static int exchange(int fd, const struct question *question, struct answer *answer)
{
	ssize_t size;

	if (send(fd, question, question->head.nlmsg_len, 0) < 0)
		return -errno;
	size = recv(fd, answer, sizeof(*answer), 0);
	if (size < 0)
		return -errno;
	if (!NLMSG_OK(&answer->head, size))
		return -EPROTO;
	if (answer->head.nlmsg_type == NLMSG_ERROR)
		return ((const struct nlmsgerr *)NLMSG_DATA(&answer->head))->error ?: -EPROTO;
	return 0;
}

static int ask(int protocol, const struct question *question, struct answer *answer)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol), r;

	if (fd < 0)
		return -errno;
	r = exchange(fd, question, answer);
	close(fd);
	return r;
}

/* NULL: the attribute isn't there, or is shorter than `least`. */
static const struct rtattr *find(const struct rtattr *attributes, int size, uint16_t type,
				 size_t least)
{
	for (; RTA_OK(attributes, size); attributes = RTA_NEXT(attributes, size))
		if ((attributes->rta_type & NLA_TYPE_MASK) == type &&
		    RTA_PAYLOAD(attributes) >= least)
			return attributes;
	return NULL;
}

/* ---- links ------------------------------------------------------------------------------------ */

static enum host_xdp mode_of(const struct rtattr *xdp)
{
	static const enum host_xdp modes[] = {
		[XDP_ATTACHED_DRV] = HOST_XDP_NATIVE,
		[XDP_ATTACHED_SKB] = HOST_XDP_GENERIC,
		[XDP_ATTACHED_HW] = HOST_XDP_OFFLOAD,
		[XDP_ATTACHED_MULTI] = HOST_XDP_NATIVE,
	};
	const struct rtattr *attached =
		xdp ? find(RTA_DATA(xdp), RTA_PAYLOAD(xdp), IFLA_XDP_ATTACHED, 1) : NULL;
	uint8_t number = attached ? *(const uint8_t *)RTA_DATA(attached) : XDP_ATTACHED_NONE;

	return number < sizeof(modes) / sizeof(*modes) ? modes[number] : HOST_XDP_NONE;
}

static bool is_tunnel(uint16_t type)
{
	return type == ARPHRD_TUNNEL || type == ARPHRD_TUNNEL6 || type == ARPHRD_SIT;
}

int netlink_link(const char *name, struct host_interface *interface)
{
	struct question question;
	struct answer answer;
	struct ifinfomsg *info = begin(&question, RTM_GETLINK, sizeof(*info));
	const struct rtattr *attributes, *mtu;
	int r, size;

	info->ifi_family = AF_UNSPEC;
	add(&question, IFLA_IFNAME, name, strlen(name) + 1);
	r = ask(NETLINK_ROUTE, &question, &answer);
	if (r < 0)
		return r;
	info = NLMSG_DATA(&answer.head);
	attributes = IFLA_RTA(info);
	size = IFLA_PAYLOAD(&answer.head);
	interface->ifindex = info->ifi_index;
	interface->up = info->ifi_flags & IFF_UP;
	interface->no_arp = info->ifi_flags & IFF_NOARP;
	interface->is_tunnel = is_tunnel(info->ifi_type);
	interface->xdp = mode_of(find(attributes, size, IFLA_XDP, 0));
	mtu = find(attributes, size, IFLA_MTU, sizeof(uint32_t));
	if (mtu)
		memcpy(&interface->mtu, RTA_DATA(mtu), sizeof(interface->mtu));
	return 0;
}

/* ---- drivers ----------------------------------------------------------------------------------- */

static void begin_generic(struct question *question, uint16_t family, uint8_t command)
{
	struct genlmsghdr *head = begin(question, family, sizeof(*head));

	head->cmd = command;
	head->version = 1;
}

static const struct rtattr *find_generic(const struct answer *answer, uint16_t type, size_t least)
{
	const char *payload = NLMSG_DATA(&answer->head);

	return find((const void *)(payload + GENL_HDRLEN),
		    (int)NLMSG_PAYLOAD(&answer->head, GENL_HDRLEN), type, least);
}

/* The family's number, or 0. */
static uint16_t find_family(const char *name)
{
	const struct rtattr *id;
	struct question question;
	struct answer answer;
	uint16_t number;

	begin_generic(&question, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	add(&question, CTRL_ATTR_FAMILY_NAME, name, strlen(name) + 1);
	if (ask(NETLINK_GENERIC, &question, &answer) < 0)
		return 0;
	id = find_generic(&answer, CTRL_ATTR_FAMILY_ID, sizeof(number));
	if (!id)
		return 0;
	memcpy(&number, RTA_DATA(id), sizeof(number));
	return number;
}

void netlink_xdp_features(struct host_interface *interface)
{
	uint16_t family = find_family("netdev");
	const struct rtattr *features;
	struct question question;
	struct answer answer;
	uint32_t ifindex = interface->ifindex;
	uint64_t bits;

	if (!family)
		return;
	begin_generic(&question, family, NETDEV_DEV_GET);
	add(&question, NETDEV_DEV_IFINDEX, &ifindex, sizeof(ifindex));
	if (ask(NETLINK_GENERIC, &question, &answer) < 0)
		return;
	features = find_generic(&answer, NETDEV_DEV_XDP_FEATURES, sizeof(bits));
	if (!features)
		return;
	memcpy(&bits, RTA_DATA(features), sizeof(bits));
	interface->can_native = bits & XDP_ACT_BASIC ? HOST_YES : HOST_NO;
	interface->can_transmit = bits & XDP_ACT_NDO_XMIT ? HOST_YES : HOST_NO;
}
