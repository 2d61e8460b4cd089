/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dataplane/link.h"

#include "base/log.h"
#include "base/memory.h"
#include "sluice/abi.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const struct {
	__u32 flags;
	const char *word;
} modes[CONFIG_MODE_COUNT] = {
	[CONFIG_MODE_NATIVE] = {XDP_FLAGS_DRV_MODE, "native"},
	[CONFIG_MODE_GENERIC] = {XDP_FLAGS_SKB_MODE, "generic"},
	[CONFIG_MODE_OFFLOAD] = {XDP_FLAGS_HW_MODE, "offload"},
};

static int create(const struct link_target *target, int program_fd, enum config_mode mode)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = modes[mode].flags);

	return bpf_link_create(program_fd, target->ifindex, BPF_XDP, &options);
}

static bool is_busy(int err)
{
	return err == -EBUSY || err == -EEXIST;
}

/* The kernel gives a link no more than an errno. */
static const char *cause(int err)
{
	switch (-err) {
	case EOPNOTSUPP: return "its driver can't";
	case ERANGE: return "the MTU of the interface or its peer is too large";
	case EINVAL:
		return "its driver won't; too large an MTU and LRO are the usual causes, the "
		       "kernel's log may tell";
	case ENOSPC: return "it has fewer receive queues than its peer has transmit queues";
	default: return strerror(-err);
	}
}

static int refused(const struct link_target *target, enum config_mode mode, int err,
		   struct sl_errors *errors)
{
	_cleanup_free_ char *where = sl_printf("interface %s", target->interface);
	__u32 id = 0;

	if (!is_busy(err))
		return sl_fail(errors, -err, where, "no XDP in %s mode: %s%s", modes[mode].word,
			       cause(err),
			       mode == CONFIG_MODE_GENERIC ? "" : "; `mode: auto` takes what goes");
	bpf_xdp_query_id(target->ifindex, 0, &id);
	return sl_fail(errors, -err, where,
		       "another XDP program is attached (id %u, see `bpftool net show dev %s`): "
		       "detach it, or set `attach: shared`",
		       id, target->interface);
}

/* Where another program is there, generic mode is refused, too. */
static int create_auto(const struct link_target *target, int program_fd, enum config_mode *ret_mode,
		       struct sl_errors *errors)
{
	int native = create(target, program_fd, CONFIG_MODE_NATIVE);
	int generic;

	*ret_mode = CONFIG_MODE_NATIVE;
	if (native >= 0)
		return native;
	generic = create(target, program_fd, CONFIG_MODE_GENERIC);
	if (generic < 0)
		return refused(target, CONFIG_MODE_GENERIC, generic, errors);
	log_warning("interface %s: no XDP in native mode: %s; attached in generic mode, several "
		    "times slower",
		    target->interface, cause(native));
	*ret_mode = CONFIG_MODE_GENERIC;
	return generic;
}

int link_create(const struct link_target *target, int program_fd, enum config_mode wanted,
		const char *path, enum config_mode *ret_mode, struct sl_errors *errors)
{
	enum config_mode mode = wanted;
	int fd, err;

	if (wanted == CONFIG_MODE_AUTO)
		fd = create_auto(target, program_fd, &mode, errors);
	else
		fd = create(target, program_fd, wanted);
	if (fd < 0)
		return wanted == CONFIG_MODE_AUTO ? fd : refused(target, mode, fd, errors);
	err = path ? bpf_obj_pin(fd, path) : 0;
	if (err) {
		close(fd);
		return sl_fail(errors, -err, path, "the link can't be pinned: %s", strerror(-err));
	}
	*ret_mode = mode;
	return fd;
}

/* False when the program isn't attached to the interface. */
static bool find_mode(unsigned ifindex, __u32 program_id, enum config_mode *ret_mode)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, attached);

	if (bpf_xdp_query(ifindex, 0, &attached))
		return false;
	if (program_id == attached.drv_prog_id)
		*ret_mode = CONFIG_MODE_NATIVE;
	else if (program_id == attached.skb_prog_id)
		*ret_mode = CONFIG_MODE_GENERIC;
	else if (program_id == attached.hw_prog_id)
		*ret_mode = CONFIG_MODE_OFFLOAD;
	else
		return false;
	return true;
}

int link_reopen(const struct link_target *target, const char *path, enum config_mode *ret_mode)
{
	int fd = bpf_obj_get(path);
	struct bpf_link_info info = {};
	__u32 size = sizeof(info);

	if (fd < 0)
		return fd;
	if (!bpf_obj_get_info_by_fd(fd, &info, &size) && info.type == BPF_LINK_TYPE_XDP &&
	    info.xdp.ifindex == target->ifindex &&
	    find_mode(target->ifindex, info.prog_id, ret_mode))
		return fd;
	bpf_link_detach(fd);
	unlink(path);
	close(fd);
	return -ENOENT;
}

bool link_is_attached(int fd)
{
	struct bpf_link_info info = {};
	__u32 size = sizeof(info);

	return !bpf_obj_get_info_by_fd(fd, &info, &size) && info.xdp.ifindex;
}

int link_remove(const char *path)
{
	_cleanup_fd_ int fd = bpf_obj_get(path);

	if (fd < 0)
		return fd;
	/* The interface may be gone and have taken the attachment with it. */
	bpf_link_detach(fd);
	return unlink(path) ? -errno : 0;
}
