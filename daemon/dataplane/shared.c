/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dataplane/shared.h"

#include "base/log.h"
#include "base/memory.h"
#include "dataplane/reason.h"

#include <bpf/libbpf.h>
#include <xdp/libxdp.h>

#include <errno.h>
#include <string.h>

#define PROGRAM_NAME "sluice"

/* libxdp returns NULL or an encoded errno. */
static bool is_error(const void *pointer)
{
	return !pointer || libxdp_get_error(pointer);
}

static void close_program(struct xdp_program **program)
{
	if (!is_error(*program))
		xdp_program__close(*program);
}

static void close_dispatcher(struct xdp_multiprog **dispatcher)
{
	if (!is_error(*dispatcher))
		xdp_multiprog__close(*dispatcher);
}

/* Ours behind the dispatcher, but for the one with the id `except`. */
static struct xdp_program *find_ours(const struct xdp_multiprog *dispatcher, __u32 except)
{
	struct xdp_program *program = NULL;

	while ((program = xdp_multiprog__next_prog(program, dispatcher)))
		if (!strcmp(xdp_program__name(program), PROGRAM_NAME) &&
		    xdp_program__id(program) != except)
			return program;
	return NULL;
}

/* Each detachment replaces the dispatcher, so it is looked up again. */
static int detach_one(unsigned ifindex, __u32 except)
{
	_cleanup_(close_dispatcher) struct xdp_multiprog *dispatcher =
		xdp_multiprog__get_from_ifindex(ifindex);
	struct xdp_program *ours;
	int err;

	if (is_error(dispatcher) || xdp_multiprog__is_legacy(dispatcher))
		return 0;
	ours = find_ours(dispatcher, except);
	if (!ours)
		return 0;
	err = xdp_program__detach(ours, ifindex, xdp_multiprog__attach_mode(dispatcher), 0);
	return err ? err : 1;
}

static int detach_all_but(unsigned ifindex, __u32 except)
{
	int count = 0, one;

	while ((one = detach_one(ifindex, except)) > 0)
		count++;
	return one ? one : count;
}

int shared_detach(unsigned ifindex)
{
	return detach_all_but(ifindex, 0);
}

static bool is_dispatched(unsigned ifindex)
{
	_cleanup_(close_dispatcher) struct xdp_multiprog *dispatcher =
		xdp_multiprog__get_from_ifindex(ifindex);

	return !is_error(dispatcher) && !xdp_multiprog__is_legacy(dispatcher);
}

static struct xdp_program *wrap(const struct sluice_bpf *object)
{
	DECLARE_LIBXDP_OPTS(xdp_program_opts, options, .obj = object->obj,
			    .prog_name = PROGRAM_NAME);

	return xdp_program__create(&options);
}

/* A program can be loaded for one dispatcher only, so each try has an object of its own. */
static int attach_in(const struct link_target *target, const struct sluice_bpf *maps,
		     const struct object_settings *settings, enum config_mode mode)
{
	static const enum xdp_attach_mode modes[CONFIG_MODE_COUNT] = {
		[CONFIG_MODE_NATIVE] = XDP_MODE_NATIVE,
		[CONFIG_MODE_GENERIC] = XDP_MODE_SKB,
		[CONFIG_MODE_OFFLOAD] = XDP_MODE_HW,
	};
	_cleanup_object_ struct sluice_bpf *object = NULL;
	_cleanup_(close_program) struct xdp_program *program = NULL;
	int err;

	reason_begin();
	object = object_open(maps, settings);
	if (!object)
		return -errno;
	program = wrap(object);
	if (is_error(program))
		return -EINVAL;
	err = xdp_program__attach(program, target->ifindex, modes[mode], 0);
	if (err)
		return err;
	if (!is_dispatched(target->ifindex)) {
		/* What the probe didn't foresee: libxdp fell back to attaching it alone. */
		xdp_program__detach(program, target->ifindex, modes[mode], 0);
		return -EOPNOTSUPP;
	}
	err = detach_all_but(target->ifindex, xdp_program__id(program));
	if (err < 0)
		log_warning("interface %s: an older program stays behind the dispatcher: %s",
			    target->interface, reason_text(err));
	return 0;
}

static int attach(const struct link_target *target, const struct sluice_bpf *maps,
		  const struct object_settings *settings, enum config_mode *mode)
{
	bool is_auto = *mode == CONFIG_MODE_AUTO;
	int err;

	if (is_auto)
		*mode = CONFIG_MODE_NATIVE;
	err = attach_in(target, maps, settings, *mode);
	if (err != -EOPNOTSUPP || !is_auto)
		return err;
	log_warning("interface %s: no dispatcher in native mode: %s; trying generic mode, several "
		    "times slower",
		    target->interface, reason_text(err));
	*mode = CONFIG_MODE_GENERIC;
	return attach_in(target, maps, settings, *mode);
}

int shared_attach(const struct link_target *target, const struct sluice_bpf *maps,
		  const struct object_settings *settings, enum config_mode wanted,
		  enum config_mode *ret_mode, struct sl_errors *errors)
{
	_cleanup_free_ char *where = sl_printf("interface %s", target->interface);
	int err;

	reason_begin();
	if (libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_EXT, NULL) != 1)
		return sl_fail(errors, EOPNOTSUPP, where,
			       "`attach: shared` needs programs that extend others "
			       "(BPF_PROG_TYPE_EXT), and this kernel refuses them: set `attach: "
			       "link`");
	err = attach(target, maps, settings, &wanted);
	if (err)
		return sl_fail(errors, -err, where,
			       "libxdp can't attach behind its dispatcher: %s; `attach: link` does "
			       "without one",
			       reason_text(err));
	*ret_mode = wanted;
	return 0;
}
