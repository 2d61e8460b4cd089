/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * attach.c - interfaces: attached for good, by a pinned link or behind the dispatcher, or on trial.
 */
#include "dataplane/program.h"

#include "base/clock.h"
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
#include <sys/stat.h>
#include <unistd.h>

static struct attachment *find(const struct program *program, const char *interface)
{
	for (size_t i = 0; i < program->n_attachments; i++)
		if (!strcmp(program->attachments[i].interface, interface))
			return &program->attachments[i];
	return NULL;
}

/* One that goes on: the interface is still there. */
static struct attachment *find_trial(const struct program *program, const char *interface)
{
	struct attachment *attachment = find(program, interface);

	return attachment && attachment->until_ns && link_is_attached(attachment->link) ? attachment
											: NULL;
}

/* The link itself stays, if it is pinned. */
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

/* ---- attach and detach ----------------------------------------------------------------------- */

/* A trial that was good. */
static int keep(const struct program *program, struct attachment *trial, struct sl_errors *errors)
{
	_cleanup_free_ char *path = pins_link_path(program->directory, trial->interface);
	_cleanup_free_ char *mark = pins_trial_path(program->directory, trial->interface);
	int err = bpf_obj_pin(trial->link, path);

	if (err)
		return sl_fail(errors, -err, path, "the link can't be pinned: %s", strerror(-err));
	trial->until_ns = 0;
	rmdir(mark);
	return 0;
}

static int find_target(const struct program *program, const char *interface,
		       struct link_target *ret_target, struct sl_errors *errors)
{
	_cleanup_free_ char *where = sl_printf("interface %s", interface);
	struct link_target target = {interface, if_nametoindex(interface)};

	if (!program->live)
		return sl_fail(errors, EINVAL, where, "no program is loaded yet");
	if (!target.ifindex)
		return sl_fail(errors, ENODEV, where, "there is no such interface");
	*ret_target = target;
	return 0;
}

static void unmark(const struct program *program, const char *interface)
{
	_cleanup_free_ char *mark = pins_trial_path(program->directory, interface);

	rmdir(mark);
}

int program_attach(struct program *program, const struct config_interface *interface,
		   struct sl_errors *errors)
{
	struct attachment *trial = find_trial(program, interface->name);
	struct link_target target;
	int err;

	if (trial)
		return keep(program, trial, errors);
	forget(program, interface->name);
	err = find_target(program, interface->name, &target, errors);
	if (err)
		return err;
	unmark(program, interface->name);
	return interface->attach == CONFIG_ATTACH_SHARED
		       ? attach_shared(program, &target, interface->mode, errors)
		       : attach_link(program, &target, interface->mode, errors);
}

int program_detach(struct program *program, const char *interface, struct sl_errors *errors)
{
	_cleanup_free_ char *path = pins_link_path(program->directory, interface);
	_cleanup_free_ char *mark = pins_shared_path(program->directory, interface);
	_cleanup_free_ char *where = sl_printf("interface %s", interface);
	struct attachment *trial = find_trial(program, interface);
	int err = 0;

	if (trial)
		bpf_link_detach(trial->link);
	unmark(program, interface);
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

/* ---- trials ---------------------------------------------------------------------------------- */

static int refuse_trial(const struct program *program, const struct config_interface *interface,
			struct sl_errors *errors)
{
	_cleanup_free_ char *where = sl_printf("interface %s", interface->name);
	_cleanup_free_ char *foreign = pins_foreign_link(program->directory, interface->name);

	if (interface->attach == CONFIG_ATTACH_SHARED)
		return sl_fail(errors, ENOTSUP, where,
			       "no trial with `attach: shared`: the dispatcher would outlive the "
			       "daemon; `attach: link` allows one");
	if (program_mode(program, interface->name) != CONFIG_MODE_COUNT)
		return sl_fail(errors, EEXIST, where,
			       "is attached for good: a trial would take it off; `sluicectl "
			       "detach` first if that is what you want");
	if (foreign)
		return sl_fail(errors, EBUSY, where, "a sluice of another ABI holds it by %s",
			       foreign);
	return 0;
}

static int begin_trial(struct program *program, const struct config_interface *interface,
		       struct sl_errors *errors)
{
	_cleanup_free_ char *path = pins_link_path(program->directory, interface->name);
	_cleanup_free_ char *mark = pins_trial_path(program->directory, interface->name);
	enum config_mode mode;
	struct link_target target;
	int link, err = find_target(program, interface->name, &target, errors);
	bool is_new_mark;

	if (err)
		return err;
	is_new_mark = !mkdir(mark, 0700);
	if (!is_new_mark && errno != EEXIST)
		return sl_fail(errors, errno, mark, "can't be made: %s", strerror(errno));
	forget(program, interface->name);
	link_remove(path);
	link = link_create(&target, object_program_fd(program->live), interface->mode, NULL, &mode,
			   errors);
	if (link < 0 && is_new_mark)
		rmdir(mark);
	if (link < 0)
		return link;
	remember(program, &target, link, mode, true);
	return 0;
}

int program_try(struct program *program, const struct config_interface *interface, uint32_t for_ms,
		struct sl_errors *errors)
{
	struct attachment *trial = find_trial(program, interface->name);
	int err = 0;

	if (!trial)
		err = refuse_trial(program, interface, errors);
	if (!trial && !err)
		err = begin_trial(program, interface, errors);
	if (err)
		return err;
	trial = find(program, interface->name);
	trial->until_ns = clock_now_ns() + for_ms * NS_PER_MS;
	log_event(LOG_LEVEL_INFO, "trial",
		  "interface %s is attached on trial for %g s; `sluicectl attach` keeps it",
		  interface->name, for_ms / 1000.0);
	return 0;
}

void program_set_trial(struct program *program, uint32_t for_ms)
{
	program->try_ms = for_ms;
}

int program_attach_at_start(struct program *program, const struct config_interface *interface,
			    struct sl_errors *errors)
{
	_cleanup_free_ char *link = pins_link_path(program->directory, interface->name);
	_cleanup_free_ char *shared = pins_shared_path(program->directory, interface->name);
	_cleanup_free_ char *mark = pins_trial_path(program->directory, interface->name);
	bool was_tried = !access(mark, F_OK);

	if (find_trial(program, interface->name))
		return 0;
	if (was_tried && (program->has_started || !program->try_ms)) {
		log_event(LOG_LEVEL_WARNING, "trial",
			  "interface %s is left off: its last trial was not confirmed; "
			  "`sluicectl attach` attaches it",
			  interface->name);
		return 0;
	}
	if (!program->try_ms || !access(link, F_OK) || !access(shared, F_OK))
		return program_attach(program, interface, errors);
	return program_try(program, interface, program->try_ms, errors);
}

static void end_trial(struct program *program, struct attachment *trial)
{
	log_event(LOG_LEVEL_WARNING, "trial",
		  "interface %s: the trial is over and nobody confirmed it: detached",
		  trial->interface);
	bpf_link_detach(trial->link);
	sl_closep(&trial->link);
	*trial = program->attachments[--program->n_attachments];
}

int program_end_trials(struct program *program)
{
	uint64_t now_ns = clock_now_ns(), next_ns = UINT64_MAX;

	for (size_t i = program->n_attachments; i-- > 0;)
		if (program->attachments[i].until_ns && program->attachments[i].until_ns <= now_ns)
			end_trial(program, &program->attachments[i]);
	for (size_t i = 0; i < program->n_attachments; i++)
		if (program->attachments[i].until_ns && program->attachments[i].until_ns < next_ns)
			next_ns = program->attachments[i].until_ns;
	return next_ns == UINT64_MAX ? -1 : (int)((next_ns - now_ns) / NS_PER_MS) + 1;
}

uint32_t program_left_ms(const struct program *program, const char *interface)
{
	const struct attachment *trial = find_trial(program, interface);
	uint64_t now_ns = clock_now_ns();

	if (!trial)
		return 0;
	/* Over, and about to be ended: 0 would say that it is for good. */
	if (trial->until_ns < now_ns + NS_PER_MS)
		return 1;
	return (trial->until_ns - now_ns) / NS_PER_MS;
}
