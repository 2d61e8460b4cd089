// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/agent.h"

#include "agent/local_address.h"
#include "agent/pin.h"
#include "base/memory.h"

#include "agent.skel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <dirent.h>
#include <errno.h>
#include <linux/if_link.h>
#include <string.h>
#include <unistd.h>

const char *const agent_mode_word[AGENT_MODE_COUNT] = {
#define X(name, word) [AGENT_MODE_##name] = word,
	AGENT_MODES(X)
#undef X
};

#define _cleanup_program_ _cleanup_(destroy_program)

static void destroy_program(struct agent_bpf **program)
{
	agent_bpf__destroy(*program);
}

/* What goes wrong here is told by `errors`; libbpf's own lines would only stand beside it. */
static int say_nothing(enum libbpf_print_level level, const char *format, va_list args)
{
	return 0;
}

/* Returns the pinned link's descriptor, or a negative errno; 0 in *ret_info: its interface is gone.
 */
static int open_link(const char *path, struct bpf_link_info *ret_info)
{
	struct bpf_link_info info = {};
	__u32 size = sizeof(info);
	int fd = bpf_obj_get(path), r;

	if (fd < 0)
		return fd;
	r = bpf_obj_get_info_by_fd(fd, &info, &size);
	if (r < 0) {
		close(fd);
		return r;
	}
	*ret_info = info;
	return fd;
}

static enum agent_mode mode_of(uint32_t ifindex, uint32_t program_id)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	if (bpf_xdp_query(ifindex, 0, &query) < 0)
		return AGENT_MODE_AUTO;
	if (query.drv_prog_id == program_id)
		return AGENT_MODE_NATIVE;
	return query.skb_prog_id == program_id ? AGENT_MODE_GENERIC : AGENT_MODE_AUTO;
}

/* ---- attach --------------------------------------------------------------------------------- */

static int fill_addresses(struct agent_bpf *program, struct sl_errors *errors)
{
	_cleanup_free_ struct agent_address *list = NULL;
	const __u8 present = 1;
	size_t count;
	int r;

	r = local_address_list(&list, &count);
	if (r < 0)
		return sl_fail(errors, -r, "addresses", "can't be read: %s", strerror(-r));
	for (size_t i = 0; i < count; i++) {
		r = bpf_map__update_elem(program->maps.addresses, &list[i], sizeof(list[i]),
					 &present, sizeof(present), BPF_ANY);
		if (r < 0)
			return sl_fail(errors, -r, "addresses",
				       "%zu addresses don't fit: %s (at most %d)", count,
				       strerror(-r), AGENT_ADDRESSES_MAX);
	}
	return 0;
}

/* The counters are those pinned before, if any. */
static int load_program(const struct pin_paths *paths, struct agent_bpf **ret_program,
			struct sl_errors *errors)
{
	_cleanup_program_ struct agent_bpf *program = agent_bpf__open();
	int r;

	if (!program)
		return sl_fail(errors, errno, "program", "can't be opened: %s", strerror(errno));
	r = bpf_map__set_pin_path(program->maps.counters, paths->counters);
	if (!r)
		r = agent_bpf__load(program);
	if (r < 0)
		return sl_fail(errors, -r, "program",
			       "the kernel refuses it: %s (needs root and Linux 6.1 or newer)",
			       strerror(-r));
	r = fill_addresses(program, errors);
	if (r < 0)
		return r;
	*ret_program = steal(&program);
	return 0;
}

static int create_link(int program_fd, uint32_t ifindex, enum agent_mode mode)
{
	LIBBPF_OPTS(bpf_link_create_opts, options);
	int fd;

	if (mode != AGENT_MODE_GENERIC) {
		options.flags = XDP_FLAGS_DRV_MODE;
		fd = bpf_link_create(program_fd, ifindex, BPF_XDP, &options);
		if (fd >= 0 || mode == AGENT_MODE_NATIVE)
			return fd;
	}
	options.flags = XDP_FLAGS_SKB_MODE;
	return bpf_link_create(program_fd, ifindex, BPF_XDP, &options);
}

static int attach_first(const struct pin_paths *paths, const char *interface, int program_fd,
			enum agent_mode mode, struct sl_errors *errors)
{
	uint32_t ifindex = if_nametoindex(interface);
	_cleanup_fd_ int fd = create_link(program_fd, ifindex, mode);
	__u32 other = 0;
	int r;

	if (fd < 0 && !bpf_xdp_query_id(ifindex, 0, &other) && other)
		return sl_fail(
			errors, -fd, interface,
			"another XDP program (id %u) is attached; take it off first, by what "
			"attached it or by `ip link set dev %s xdp off`",
			other, interface);
	if (fd < 0)
		return sl_fail(errors, -fd, interface,
			       "%s mode is refused: %s (a smaller MTU or another --mode may do)",
			       agent_mode_word[mode], strerror(-fd));
	r = bpf_obj_pin(fd, paths->link);
	if (r < 0)
		return sl_fail(errors, -r, paths->link, "can't be pinned: %s", strerror(-r));
	return 0;
}

static int replace_program(int link_fd, const struct bpf_link_info *link, const char *interface,
			   int program_fd, enum agent_mode mode, struct sl_errors *errors)
{
	enum agent_mode now = mode_of(link->xdp.ifindex, link->prog_id);
	int r;

	if (mode != AGENT_MODE_AUTO && mode != now)
		return sl_fail(errors, EBUSY, interface,
			       "attached in %s mode; detach first to change it",
			       agent_mode_word[now]);
	r = bpf_link_update(link_fd, program_fd, NULL);
	if (r < 0)
		return sl_fail(errors, -r, interface, "the program can't be replaced: %s",
			       strerror(-r));
	return 0;
}

static int attach_loaded(const struct pin_paths *paths, const char *interface, int program_fd,
			 enum agent_mode mode, struct sl_errors *errors)
{
	struct bpf_link_info link;
	_cleanup_fd_ int link_fd = open_link(paths->link, &link);

	if (link_fd >= 0 && link.xdp.ifindex == if_nametoindex(interface))
		return replace_program(link_fd, &link, interface, program_fd, mode, errors);
	/* No link, or that of an earlier interface of this name. */
	unlink(paths->link);
	return attach_first(paths, interface, program_fd, mode, errors);
}

int agent_attach(const char *pin_dir, const char *interface, enum agent_mode mode,
		 struct sl_errors *errors)
{
	_cleanup_program_ struct agent_bpf *program = NULL;
	struct pin_paths paths;
	int r;

	libbpf_set_print(say_nothing);
	r = pin_paths_init(&paths, pin_dir, interface, errors);
	if (r < 0)
		return r;
	if (!if_nametoindex(interface))
		return sl_fail(errors, ENODEV, interface,
			       "no such interface here; `ip link` lists them");
	r = pin_make_dir(&paths, errors);
	if (r < 0)
		return r;
	r = load_program(&paths, &program, errors);
	if (!r)
		r = attach_loaded(&paths, interface, bpf_program__fd(program->progs.sluice_agent),
				  mode, errors);
	if (r < 0 && access(paths.link, F_OK) < 0)
		pin_remove(&paths);
	return r;
}

/* ---- detach, status ------------------------------------------------------------------------- */

int agent_detach(const char *pin_dir, const char *interface, struct sl_errors *errors)
{
	_cleanup_fd_ int fd = -1;
	struct bpf_link_info link;
	struct pin_paths paths;
	int r;

	libbpf_set_print(say_nothing);
	r = pin_paths_init(&paths, pin_dir, interface, errors);
	if (r < 0)
		return r;
	fd = open_link(paths.link, &link);
	if (fd < 0)
		return sl_fail(errors, -fd, interface, "nothing to detach: %s: %s", paths.link,
			       strerror(-fd));
	/* Removing the pin would do, but a little later. */
	if (link.xdp.ifindex && bpf_link_detach(fd) < 0)
		return sl_fail(errors, errno, interface, "can't be detached: %s", strerror(errno));
	pin_remove(&paths);
	return 0;
}

static int sum_counters(const char *path, struct verdict_counter sums[AGENT_VERDICT_COUNT])
{
	_cleanup_fd_ int fd = bpf_obj_get(path);
	_cleanup_free_ struct verdict_counter *values = NULL;
	int cpus = libbpf_num_possible_cpus(), r;

	if (fd < 0)
		return fd;
	values = sl_calloc(cpus, sizeof(*values));
	for (__u32 verdict = 0; verdict < AGENT_VERDICT_COUNT; verdict++) {
		r = bpf_map_lookup_elem(fd, &verdict, values);
		if (r < 0)
			return r;
		for (int cpu = 0; cpu < cpus; cpu++) {
			sums[verdict].packets += values[cpu].packets;
			sums[verdict].bytes += values[cpu].bytes;
		}
	}
	return 0;
}

static int read_status(const char *pin_dir, const char *interface, struct agent_status *ret_status,
		       struct sl_errors *errors)
{
	struct agent_status status = {};
	struct bpf_link_info link;
	struct pin_paths paths;
	_cleanup_fd_ int fd = -1;
	int r;

	r = pin_paths_init(&paths, pin_dir, interface, errors);
	if (r < 0)
		return r;
	fd = open_link(paths.link, &link);
	r = fd < 0 ? fd : sum_counters(paths.counters, status.counter);
	if (r < 0)
		return sl_fail(errors, -r, interface, "pins in %s can't be read: %s (needs root)",
			       paths.dir, strerror(-r));
	stpcpy(status.interface, interface);
	if (link.xdp.ifindex) {
		status.program_id = link.prog_id;
		status.mode = mode_of(link.xdp.ifindex, link.prog_id);
	}
	*ret_status = status;
	return 0;
}

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

int agent_list(const char *pin_dir, struct agent_status **ret_list, size_t *ret_count,
	       struct sl_errors *errors)
{
	_cleanup_(close_dir) DIR *dir = opendir(pin_dir);
	_cleanup_free_ struct agent_status *list = NULL;
	size_t count = 0;
	int r;

	libbpf_set_print(say_nothing);
	if (!dir && errno != ENOENT)
		return sl_fail(errors, errno, pin_dir, "can't be read: %s", strerror(errno));
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		if (entry->d_name[0] == '.')
			continue;
		pin_name_to_interface(entry->d_name);
		list = sl_realloc_array(list, count + 1, sizeof(*list));
		r = read_status(pin_dir, entry->d_name, &list[count], errors);
		if (r < 0)
			return r;
		count++;
	}
	*ret_list = steal(&list);
	*ret_count = count;
	return 0;
}
