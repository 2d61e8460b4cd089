/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dataplane/program.h"

#include "base/log.h"
#include "base/memory.h"
#include "dataplane/link.h"
#include "dataplane/object.h"
#include "dataplane/pins.h"
#include "dataplane/shared.h"

#include <bpf/bpf.h>
#include <net/if.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct attachment {
	char interface[IF_NAMESIZE];
	unsigned ifindex;
	enum config_mode mode;
	int link;    /* owned; -1: behind the dispatcher */
	bool is_new; /* nothing of ours was there */
};

struct program {
	char *directory;   /* owned: PIN_DIR/v1 */
	int lock;	   /* owned: on PIN_DIR */
	bool has_new_maps; /* none were pinned */
	bool has_started;
	struct sluice_bpf *maps; /* owned, and so below */
	struct sluice_bpf *live; /* NULL: nothing loaded yet */
	struct sluice_bpf *twin;
	struct object_settings settings; /* of live */
	struct attachment *attachments;
	size_t n_attachments;
};

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

/* ---- attachments ----------------------------------------------------------------------------- */

static struct attachment *find(const struct program *program, const char *interface)
{
	for (size_t i = 0; i < program->n_attachments; i++)
		if (!strcmp(program->attachments[i].interface, interface))
			return &program->attachments[i];
	return NULL;
}

/* The link itself stays, pinned. */
static void forget(struct program *program, const char *interface)
{
	struct attachment *attachment = find(program, interface);

	if (!attachment)
		return;
	sl_closep(&attachment->link);
	*attachment = program->attachments[--program->n_attachments];
}

static void remember(struct program *program, const struct link_target *target, int link,
		     enum config_mode mode, bool is_new)
{
	struct attachment *attachment;

	program->attachments = sl_realloc_array(program->attachments, program->n_attachments + 1,
						sizeof(*attachment));
	attachment = &program->attachments[program->n_attachments++];
	*attachment = (struct attachment){
		.ifindex = target->ifindex, .mode = mode, .link = link, .is_new = is_new};
	snprintf(attachment->interface, sizeof(attachment->interface), "%s", target->interface);
}

/* -ENOENT where there is no link of this mode; one of another mode was taken away: two exclude each other. */
static int take_over(const struct program *program, const struct link_target *target,
		     const char *path, enum config_mode wanted, enum config_mode *ret_mode)
{
	int link = link_reopen(target, path, ret_mode);
	int err;

	if (link < 0)
		return link;
	err = wanted == CONFIG_MODE_AUTO || wanted == *ret_mode
		      ? bpf_link_update(link, object_program_fd(program->live), NULL)
		      : -ENOENT;
	if (!err)
		return link;
	close(link);
	link_remove(path);
	return -ENOENT;
}

static int attach_link(struct program *program, const struct link_target *target,
		       enum config_mode wanted, struct sl_errors *errors)
{
	_cleanup_free_ char *path = pins_link_path(program->directory, target->interface);
	_cleanup_free_ char *mark = pins_shared_path(program->directory, target->interface);
	_cleanup_free_ char *foreign = pins_foreign_link(program->directory, target->interface);
	enum config_mode mode = CONFIG_MODE_COUNT, before;
	bool was_shared = !access(mark, F_OK), is_new;
	int fd = object_program_fd(program->live), link, again;

	if (foreign)
		return sl_fail(errors, EBUSY, foreign,
			       "a sluice whose maps have another ABI holds interface %s: "
			       "`sluicectl detach` takes it off",
			       target->interface);
	if (was_shared) {
		shared_detach(target->ifindex);
		unlink(mark);
	}
	link = take_over(program, target, path, wanted, &mode);
	before = mode;
	is_new = !was_shared && before == CONFIG_MODE_COUNT;
	if (link == -ENOENT)
		link = link_create(target, fd, wanted, path, &mode, errors);
	else if (link < 0)
		sl_fail(errors, -link, path, "can't be reopened: %s", strerror(-link));
	if (link >= 0) {
		remember(program, target, link, mode, is_new);
		return 0;
	}
	/* Refused in the mode that is wanted: better in the one it had than not at all. */
	again = before == CONFIG_MODE_COUNT ? -ENOENT
					    : link_create(target, fd, before, path, &mode, NULL);
	if (again >= 0)
		remember(program, target, again, mode, false);
	return link;
}

static int attach_shared(struct program *program, const struct link_target *target,
			 enum config_mode wanted, struct sl_errors *errors)
{
	_cleanup_free_ char *path = pins_link_path(program->directory, target->interface);
	_cleanup_free_ char *mark = pins_shared_path(program->directory, target->interface);
	bool was_shared = !access(mark, F_OK), was_link;
	enum config_mode mode;
	int err;

	/* A link of ours and the dispatcher exclude each other. */
	was_link = !link_remove(path);
	err = shared_attach(target, program->maps, &program->settings, wanted, &mode, errors);
	if (err)
		return err;
	if (!was_shared)
		err = bpf_obj_pin(program_map_fd(program, MAP_explanation), mark);
	if (err) {
		shared_detach(target->ifindex);
		return sl_fail(errors, -err, mark, "can't be pinned: %s", strerror(-err));
	}
	remember(program, target, -1, mode, !was_shared && !was_link);
	return 0;
}

int program_attach(struct program *program, const struct config_interface *interface,
		   struct sl_errors *errors)
{
	struct link_target target = {interface->name, if_nametoindex(interface->name)};
	_cleanup_free_ char *where = sl_printf("interface %s", interface->name);

	forget(program, interface->name);
	if (!program->live)
		return sl_fail(errors, EINVAL, where, "no program is loaded yet");
	if (!target.ifindex)
		return sl_fail(errors, ENODEV, where, "there is no such interface");
	return interface->attach == CONFIG_ATTACH_SHARED
		       ? attach_shared(program, &target, interface->mode, errors)
		       : attach_link(program, &target, interface->mode, errors);
}

int program_detach(struct program *program, const char *interface, struct sl_errors *errors)
{
	_cleanup_free_ char *path = pins_link_path(program->directory, interface);
	_cleanup_free_ char *mark = pins_shared_path(program->directory, interface);
	_cleanup_free_ char *where = sl_printf("interface %s", interface);
	int err = 0;

	forget(program, interface);
	if (!access(mark, F_OK)) {
		err = shared_detach(if_nametoindex(interface));
		err = err < 0 ? err : unlink(mark) ? -errno : 0;
	}
	if (!err)
		err = link_remove(path);
	if (err && err != -ENOENT)
		return sl_fail(errors, -err, where, "can't be detached: %s", strerror(-err));
	return 0;
}

enum config_mode program_mode(const struct program *program, const char *interface)
{
	const struct attachment *attachment = find(program, interface);

	if (!attachment || (attachment->link >= 0 && !link_is_attached(attachment->link)))
		return CONFIG_MODE_COUNT;
	return attachment->mode;
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
