/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dataplane/object.h"

#include "base/memory.h"
#include "dataplane/reason.h"

#include <errno.h>

static int reuse_maps(struct sluice_bpf *object, const struct sluice_bpf *maps)
{
	int err = 0;

	for (enum map_number map = 0; map < MAP_COUNT && !err; map++)
		err = bpf_map__reuse_fd(maps_find(object, map), bpf_map__fd(maps_find(maps, map)));
	return err;
}

struct sluice_bpf *object_open(const struct sluice_bpf *maps,
			       const struct object_settings *settings)
{
	_cleanup_object_ struct sluice_bpf *object = sluice_bpf__open();
	int err;

	if (!object)
		return NULL;
	err = reuse_maps(object, maps);
	if (err) {
		errno = -err;
		return NULL;
	}
	object->rodata->config = settings->config;
	object->rodata->hash_key = settings->key;
	object->rodata->flow_buckets_mask = bpf_map__max_entries(maps->maps.flows) - 1;
	object->rodata->read_only = settings->read_only;
	return steal(&object);
}

int object_load(const struct sluice_bpf *maps, const struct object_settings *settings,
		struct sluice_bpf **ret_object, struct sl_errors *errors)
{
	_cleanup_object_ struct sluice_bpf *object = NULL;
	int err;

	reason_begin();
	object = object_open(maps, settings);
	err = object ? sluice_bpf__load(object) : -errno;
	if (err)
		return sl_fail(errors, -err,
			       settings->read_only ? "explain's program" : "the program",
			       "the kernel refuses it: %s", reason_text(err));
	*ret_object = steal(&object);
	return 0;
}

int object_program_fd(const struct sluice_bpf *object)
{
	return bpf_program__fd(object->progs.sluice);
}

void object_freep(struct sluice_bpf **object)
{
	sluice_bpf__destroy(*object);
}
