/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api/impact_object.h"

#include "api/request.h"

#include <netinet/in.h>

static json_t *change_object(const struct config_change *change)
{
	static const char *const words[] = {
		[CONFIG_ADDED] = "added",
		[CONFIG_REMOVED] = "removed",
		[CONFIG_CHANGED] = "changed",
	};

	return json_pack("{s:s, s:s, s:s?, s:s?, s:b}", "change", words[change->kind], "path",
			 change->path, "before", change->before, "after", change->after, "restart",
			 change->restart);
}

static json_t *service_object(const struct impact_service *service)
{
	char vip[ADDRESS_TEXT_MAX];

	return json_pack("{s:s, s:s, s:s, s:i, s:b, s:b, s:I, s:I, s:I, s:b}", "name",
			 service->name, "vip", address_format(&service->vip, vip), "protocol",
			 service->protocol == IPPROTO_TCP ? "tcp" : "udp", "port", service->port,
			 "comes", service->comes, "goes", service->goes, "slots",
			 (json_int_t)service->slots, "slots_moved",
			 (json_int_t)service->slots_moved, "flows", (json_int_t)service->flows,
			 "flows_exact", service->flows_exact);
}

void impact_object_add(json_t *object, const struct impact *impact)
{
	json_t *changes = json_array(), *services = json_array();

	for (size_t i = 0; i < impact->changes.count; i++)
		json_array_append_new(changes, change_object(&impact->changes.list[i]));
	for (size_t i = 0; i < impact->n_services; i++)
		json_array_append_new(services, service_object(&impact->services[i]));
	json_object_set_new(object, "same", json_boolean(!impact->changes.count));
	json_object_set_new(object, "restart", json_boolean(impact->restart));
	json_object_set_new(object, "changes", changes);
	json_object_set_new(object, "services", services);
	json_object_set_new(object, "warnings", answer_errors(&impact->warnings));
}
