/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dataplane/maps.h"

#include "base/memory.h"
#include "dataplane/object.h"
#include "dataplane/reason.h"

#include <bpf/bpf.h>

#include <errno.h>
#include <string.h>

/* entries = capacity * multiply / divide + add */
struct map_size {
	const char *key; /* under capacity: in the configuration */
	size_t offset;	 /* in struct config_capacity */
	uint32_t multiply;
	uint32_t divide;
	uint32_t add;
};

#define OF(key) #key, offsetof(struct config_capacity, key)

/* A service has its VIP and, once an address, an ICMP entry. Service id 0 is never given out. */
static const struct map_size sizes[MAP_COUNT] = {
	[MAP_vips4] = {OF(services), 2, 1, 0},
	[MAP_vips6] = {OF(services), 2, 1, 0},
	[MAP_services] = {OF(services), 1, 1, 1},
	[MAP_turns] = {OF(services), 1, 1, 1},
	[MAP_service_counters] = {OF(services), 1, 1, 1},
	[MAP_slots] = {OF(slots), 1, SLOTS_PER_CHUNK, 0},
	[MAP_backends] = {OF(backends), 1, 1, 0},
	[MAP_backend_counters] = {OF(backends), 1, 1, 0},
	[MAP_flows] = {OF(flows), FLOW_ENTRIES, FLOWS_PER_BUCKET, 0},
};

uint32_t maps_entries(enum map_number map, const struct config_capacity *capacity)
{
	const struct map_size *size = &sizes[map];
	uint32_t value;

	if (!size->key)
		return 0;
	memcpy(&value, (const char *)capacity + size->offset, sizeof(value));
	return value * size->multiply / size->divide + size->add;
}

struct bpf_map *maps_find(const struct sluice_bpf *object, enum map_number map)
{
	struct bpf_map *const all[MAP_COUNT] = {
#define X(name) [MAP_##name] = object->maps.name,
		SLUICE_MAPS(X)
#undef X
	};

	return all[map];
}

static int differs(const struct bpf_map *map, enum map_number number,
		   const struct bpf_map_info *pinned, struct sl_errors *errors)
{
	const struct map_size *size = &sizes[number];
	_cleanup_free_ char *where = sl_printf("map %s", bpf_map__name(map));

	if (pinned->type != bpf_map__type(map) || pinned->key_size != bpf_map__key_size(map) ||
	    pinned->value_size != bpf_map__value_size(map) ||
	    pinned->map_flags != bpf_map__map_flags(map) || !size->key)
		return sl_fail(
			errors, EEXIST, where,
			"a map of another shape is pinned: run `sluicectl detach` to start anew");
	return sl_fail(errors, EEXIST, where,
		       "pinned with %u entries, %u are wanted: run `sluicectl detach` to start "
		       "anew, or set capacity.%s back to %u",
		       pinned->max_entries, bpf_map__max_entries(map), size->key,
		       (pinned->max_entries - size->add) * size->divide / size->multiply);
}

/* libbpf would refuse a pinned map that differs, too, but not say how. */
static int check_pinned(const struct bpf_map *map, enum map_number number, const char *path,
			struct sl_errors *errors)
{
	_cleanup_fd_ int fd = bpf_obj_get(path);
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);
	int err;

	if (fd == -ENOENT)
		return 0;
	err = fd < 0 ? fd : bpf_obj_get_info_by_fd(fd, &info, &size);
	if (err)
		return sl_fail(errors, -err, path, "can't be reopened: %s", strerror(-err));
	if (info.type == bpf_map__type(map) && info.key_size == bpf_map__key_size(map) &&
	    info.value_size == bpf_map__value_size(map) &&
	    info.map_flags == bpf_map__map_flags(map) &&
	    info.max_entries == bpf_map__max_entries(map))
		return 0;
	return differs(map, number, &info, errors);
}

static int prepare(struct sluice_bpf *object, enum map_number number, const char *directory,
		   const struct config_capacity *capacity, struct sl_errors *errors)
{
	struct bpf_map *map = maps_find(object, number);
	_cleanup_free_ char *path = sl_printf("%s/%s", directory, bpf_map__name(map));
	uint32_t entries = maps_entries(number, capacity);
	int err = 0;

	if (entries)
		err = bpf_map__set_max_entries(map, entries);
	if (!err)
		err = bpf_map__set_pin_path(map, path);
	if (err)
		return sl_fail(errors, -err, path, "%s", strerror(-err));
	return check_pinned(map, number, path, errors);
}

int maps_open(const char *directory, const struct config_capacity *capacity,
	      struct sluice_bpf **ret_object, struct sl_errors *errors)
{
	_cleanup_object_ struct sluice_bpf *object = NULL;
	int err = 0;

	reason_begin();
	object = sluice_bpf__open();
	if (!object)
		return sl_fail(errors, errno, "the BPF object", "%s", reason_text(-errno));
	for (enum map_number map = 0; map < MAP_COUNT; map++) {
		int failed = prepare(object, map, directory, capacity, errors);

		err = err ? err : failed;
	}
	if (err)
		return err;
	bpf_program__set_autoload(object->progs.sluice, false);
	err = sluice_bpf__load(object);
	if (err)
		return sl_fail(errors, -err, directory, "the maps can't be made: %s",
			       reason_text(err));
	*ret_object = steal(&object);
	return 0;
}
