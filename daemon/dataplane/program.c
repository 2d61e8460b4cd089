/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dataplane/program.h"

#include "base/log.h"
#include "base/memory.h"
#include "dataplane/link.h"
#include "dataplane/pins.h"
#include "dataplane/program_internal.h"
#include "dataplane/shared.h"

#include <bpf/bpf.h>
#include <net/if.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void program_closep(struct program **program)
{
	program_close(*program);
}

int program_open(const char *pin_dir, const struct config_capacity *capacity,
		 const struct hash_key *key, struct program **ret_program, struct sl_errors *errors)
{
	_cleanup_(program_closep) struct program *program = sl_calloc(1, sizeof(*program));
	int err;

	program->settings.key = *key;
	program->lock = -1;
	err = pins_make_directory(pin_dir, &program->directory, errors);
	if (!err) {
		program->lock = pins_lock(pin_dir, errors);
		err = program->lock < 0 ? program->lock : 0;
	}
	if (!err)
		program->has_new_maps = pins_are_none(program->directory);
	if (!err)
		err = maps_open(program->directory, capacity, &program->maps, errors);
	if (err)
		return err;
	*ret_program = steal(&program);
	return 0;
}

void program_close(struct program *program)
{
	if (!program)
		return;
	for (size_t i = 0; i < program->n_attachments; i++)
		sl_closep(&program->attachments[i].link);
	free(program->attachments);
	object_freep(&program->twin);
	object_freep(&program->live);
	object_freep(&program->maps);
	free(program->directory);
	sl_closep(&program->lock);
	free(program);
}

void program_started(struct program *program)
{
	program->has_started = true;
}

static void take_back(struct program *program)
{
	struct sl_errors errors = {};
	unsigned links;

	if (program->has_new_maps)
		pins_remove(program->directory, &links, &errors);
	for (size_t i = program->n_attachments; !program->has_new_maps && i-- > 0;)
		if (program->attachments[i].is_new)
			program_detach(program, program->attachments[i].interface, &errors);
	for (size_t i = 0; i < errors.count; i++)
		log_error("%s: %s", errors.list[i].where, errors.list[i].what);
	sl_errors_deinit(&errors);
}

void program_end(struct program *program)
{
	if (program && !program->has_started)
		take_back(program);
	program_close(program);
}

int program_lock_fd(const struct program *program)
{
	return program->lock;
}

int program_map_fd(const struct program *program, enum map_number map)
{
	return bpf_map__fd(maps_find(program->maps, map));
}

/* ---- load and swap --------------------------------------------------------------------------- */

static int swap_one(const struct program *program, const struct attachment *attachment,
		    const struct sluice_bpf *live, const struct object_settings *settings,
		    struct sl_errors *errors)
{
	struct link_target target = {attachment->interface, attachment->ifindex};
	enum config_mode mode;
	int err;

	if (attachment->link < 0)
		return shared_attach(&target, program->maps, settings, attachment->mode, &mode,
				     errors);
	err = bpf_link_update(attachment->link, object_program_fd(live), NULL);
	if (err == -ENOLINK) {
		log_warning("interface %s is gone, and with it the program on it",
			    target.interface);
		return 0;
	}
	if (err)
		return sl_fail(errors, -err, target.interface, "the program can't be swapped: %s",
			       strerror(-err));
	return 0;
}

static int swap(struct program *program, const struct sluice_bpf *live,
		const struct object_settings *settings, struct sl_errors *errors)
{
	size_t done = 0;
	int err = 0;

	for (; done < program->n_attachments; done++) {
		err = swap_one(program, &program->attachments[done], live, settings, errors);
		if (err)
			break;
	}
	while (err && done--)
		swap_one(program, &program->attachments[done], program->live, &program->settings,
			 errors);
	return err;
}

int program_load(struct program *program, const struct program_config *config,
		 struct sl_errors *errors)
{
	struct object_settings settings = {.config = *config, .key = program->settings.key};
	struct object_settings read_only = settings;
	_cleanup_object_ struct sluice_bpf *live = NULL;
	_cleanup_object_ struct sluice_bpf *twin = NULL;
	int err;

	read_only.read_only = true;
	err = object_load(program->maps, &settings, &live, errors);
	if (!err)
		err = object_load(program->maps, &read_only, &twin, errors);
	if (!err)
		err = swap(program, live, &settings, errors);
	if (err)
		return err;
	object_freep(&program->live);
	object_freep(&program->twin);
	program->live = steal(&live);
	program->twin = steal(&twin);
	program->settings = settings;
	return 0;
}

/* ---- explain --------------------------------------------------------------------------------- */

/* What the program may put in front of a frame: an IPv6 header, with room to spare. */
#define EXPLAIN_GROWTH 64

int program_explain(struct program *program, const char *interface, const void *frame, size_t size,
		    struct program_run *ret_run, struct sl_errors *errors)
{
	struct program_run run = {};
	struct xdp_md context = {.data_end = size, .ingress_ifindex = if_nametoindex(interface)};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = size,
		    .data_out = run.frame, .data_size_out = sizeof(run.frame), .ctx_in = &context,
		    .ctx_size_in = sizeof(context), .repeat = 1);
	int err;

	if (!program->twin)
		return sl_fail(errors, EINVAL, "explain", "no program is loaded yet");
	if (!context.ingress_ifindex)
		return sl_fail(errors, ENODEV, interface, "there is no such interface");
	if (size < 14 || size > sizeof(run.frame) - EXPLAIN_GROWTH)
		return sl_fail(errors, EMSGSIZE, "explain", "a frame of %zu bytes (14 to %zu)",
			       size, sizeof(run.frame) - EXPLAIN_GROWTH);
	err = bpf_prog_test_run_opts(object_program_fd(program->twin), &options);
	if (err)
		return sl_fail(errors, -err, "explain", "the kernel refuses the run: %s",
			       strerror(-err));
	run.action = options.retval;
	run.size = options.data_size_out;
	*ret_run = run;
	return 0;
}
