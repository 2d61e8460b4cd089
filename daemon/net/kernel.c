/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/kernel.h"

#include "base/memory.h"

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

int kernel_open(struct nl_sock **ret_sock, struct sl_errors *errors)
{
	struct nl_sock *sock = nl_socket_alloc();
	int error;

	if (!sock)
		sl_out_of_memory();
	error = nl_connect(sock, NETLINK_ROUTE);
	if (error) {
		nl_socket_free(sock);
		return sl_fail(errors, EIO, "netlink", "cannot ask the kernel for routes: %s",
			       nl_geterror(error));
	}
	/* One request, one answer: an acknowledgement behind it would be taken for the next answer. */
	nl_socket_disable_auto_ack(sock);
	nl_socket_set_nonblocking(sock);
	*ret_sock = sock;
	return 0;
}

void kernel_close(struct nl_sock *sock)
{
	nl_socket_free(sock);
}

bool kernel_address(struct nlattr *attribute, struct address *ret_address)
{
	struct address address = {0};

	if (!attribute || (nla_len(attribute) != 4 && nla_len(attribute) != 16))
		return false;
	address.family = nla_len(attribute) == 4 ? 4 : 6;
	memcpy(address.word_be, nla_data(attribute), nla_len(attribute));
	*ret_address = address;
	return true;
}

static void put_address(struct nl_msg *message, int attribute, const struct address *address)
{
	if (nla_put(message, attribute, address->family == 4 ? 4 : 16, address->word_be))
		sl_out_of_memory();
}

static int family_of(const struct address *address)
{
	return address->family == 4 ? AF_INET : AF_INET6;
}

static struct nl_msg *new_request(int type, const void *header, size_t length)
{
	struct nl_msg *message = nlmsg_alloc_simple(type, 0);

	if (!message || nlmsg_append(message, (void *)header, length, NLMSG_ALIGNTO))
		sl_out_of_memory();
	return message;
}

/* Takes the request. What `parse` makes of the answer is in `result`; false if there was none. */
static bool ask(struct nl_sock *sock, struct nl_msg *request, nl_recvmsg_msg_cb_t parse,
		void *result)
{
	int error;

	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, parse, result);
	error = nl_send_auto(sock, request);
	nlmsg_free(request);
	if (error < 0)
		return false;
	return nl_recvmsgs_default(sock) >= 0;
}

static uint32_t get_u32(struct nlattr *attribute)
{
	return attribute && nla_len(attribute) >= 4 ? nla_get_u32(attribute) : 0;
}

static bool get_mac(struct nlattr *attribute, uint8_t mac[6])
{
	if (!attribute || nla_len(attribute) != 6)
		return false;
	memcpy(mac, nla_data(attribute), 6);
	return true;
}

/* ---- route ---------------------------------------------------------------------------------------- */

static uint32_t route_mtu(struct nlattr *metrics)
{
	struct nlattr *metric[RTAX_MAX + 1];

	if (!metrics || nla_parse_nested(metric, RTAX_MAX, metrics, NULL) < 0)
		return 0;
	return get_u32(metric[RTAX_MTU]);
}

/* RTA_VIA: a gateway of the other family, as in "via inet6 fe80::1". */
static void route_via(struct nlattr *attribute, struct address *ret_gateway)
{
	const struct rtvia *via;

	if (!attribute || nla_len(attribute) != sizeof(*via) + 16)
		return;
	via = nla_data(attribute);
	if (via->rtvia_family != AF_INET6)
		return;
	ret_gateway->family = 6;
	memcpy(ret_gateway->word_be, via->rtvia_addr, 16);
}

static int parse_route(struct nl_msg *message, void *context)
{
	struct nlmsghdr *header = nlmsg_hdr(message);
	struct kernel_route *route = context;
	struct nlattr *attribute[RTA_MAX + 1];

	if (header->nlmsg_type != RTM_NEWROUTE ||
	    nlmsg_parse(header, sizeof(struct rtmsg), attribute, RTA_MAX, NULL) < 0)
		return NL_SKIP;
	route->type = ((struct rtmsg *)nlmsg_data(header))->rtm_type;
	route->ifindex = get_u32(attribute[RTA_OIF]);
	route->mtu = route_mtu(attribute[RTA_METRICS]);
	if (!kernel_address(attribute[RTA_GATEWAY], &route->gateway))
		route_via(attribute[RTA_VIA], &route->gateway);
	return NL_OK;
}

bool kernel_route(struct nl_sock *sock, const struct address *address,
		  struct kernel_route *ret_route)
{
	const struct rtmsg header = {
		.rtm_family = family_of(address),
		.rtm_dst_len = address->family == 4 ? 32 : 128,
	};
	struct nl_msg *request = new_request(RTM_GETROUTE, &header, sizeof(header));
	struct kernel_route route = {0};

	put_address(request, RTA_DST, address);
	if (!ask(sock, request, parse_route, &route) || !route.ifindex)
		return false;
	*ret_route = route;
	return true;
}

/* ---- link ----------------------------------------------------------------------------------------- */

static int parse_link(struct nl_msg *message, void *context)
{
	struct nlmsghdr *header = nlmsg_hdr(message);
	struct ifinfomsg *info = nlmsg_data(header);
	struct kernel_link *link = context;
	struct nlattr *attribute[IFLA_MAX + 1];

	if (header->nlmsg_type != RTM_NEWLINK ||
	    nlmsg_parse(header, sizeof(*info), attribute, IFLA_MAX, NULL) < 0)
		return NL_SKIP;
	link->ifindex = info->ifi_index;
	link->type = info->ifi_type;
	link->flags = info->ifi_flags;
	link->mtu = get_u32(attribute[IFLA_MTU]);
	get_mac(attribute[IFLA_ADDRESS], link->mac);
	if (attribute[IFLA_IFNAME])
		nla_strlcpy(link->name, attribute[IFLA_IFNAME], sizeof(link->name));
	return NL_OK;
}

bool kernel_link(struct nl_sock *sock, uint32_t ifindex, struct kernel_link *ret_link)
{
	const struct ifinfomsg header = {.ifi_index = ifindex};
	struct nl_msg *request = new_request(RTM_GETLINK, &header, sizeof(header));
	struct kernel_link link = {0};

	if (!ask(sock, request, parse_link, &link) || !link.ifindex)
		return false;
	*ret_link = link;
	return true;
}

/* ---- neighbour ------------------------------------------------------------------------------------ */

static int parse_neighbour(struct nl_msg *message, void *context)
{
	struct nlmsghdr *header = nlmsg_hdr(message);
	struct kernel_neighbour *neighbour = context;
	struct nlattr *attribute[NDA_MAX + 1];

	if (header->nlmsg_type != RTM_NEWNEIGH ||
	    nlmsg_parse(header, sizeof(struct ndmsg), attribute, NDA_MAX, NULL) < 0)
		return NL_SKIP;
	neighbour->state = ((struct ndmsg *)nlmsg_data(header))->ndm_state;
	neighbour->has_mac = get_mac(attribute[NDA_LLADDR], neighbour->mac);
	return NL_OK;
}

void kernel_neighbour(struct nl_sock *sock, uint32_t ifindex, const struct address *address,
		      struct kernel_neighbour *ret_neighbour)
{
	const struct ndmsg header = {.ndm_family = family_of(address), .ndm_ifindex = ifindex};
	struct nl_msg *request = new_request(RTM_GETNEIGH, &header, sizeof(header));
	struct kernel_neighbour neighbour = {0};

	put_address(request, NDA_DST, address);
	ask(sock, request, parse_neighbour, &neighbour);
	*ret_neighbour = neighbour;
}
