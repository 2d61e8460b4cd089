/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way out: the host's network as if sluice were not there.
 */
#include "api/resource.h"

#include "base/log.h"
#include "loader/loader.h"

/* Was attached in `ret_mode`; CONFIG_MODE_COUNT: it wasn't. */
static int detach(const struct api_context *context, uint32_t interface, enum config_mode *ret_mode,
		  struct sl_errors *errors)
{
	int result = loader_mode(context->loader, interface, ret_mode, errors);

	if (result || *ret_mode == CONFIG_MODE_COUNT)
		return result;
	return loader_detach(context->loader, interface, errors);
}

/* One that fails doesn't keep the others attached. */
void resource_detach(const struct api_context *context, const struct request *request,
		     struct answer *answer)
{
	json_t *object = answer_new_object(context, "Detach"), *list = json_array();
	struct sl_errors errors = {0};

	json_object_set_new(object, "interfaces", list);
	for (size_t i = 0; i < context->n_interfaces; i++) {
		const char *name = context->interfaces[i].name;
		enum config_mode mode = CONFIG_MODE_COUNT;

		if (detach(context, i, &mode, &errors))
			continue;
		if (mode != CONFIG_MODE_COUNT)
			log_event(LOG_LEVEL_WARNING, "detach", "detached from %s by %s", name,
				  request->actor);
		json_array_append_new(list, json_pack("{s:s, s:b}", "name", name, "was_attached",
						      mode != CONFIG_MODE_COUNT));
	}
	if (!errors.count) {
		answer_object(answer, object);
		return;
	}
	json_decref(object);
	answer_problem(answer, 500, "not all interfaces could be detached", &errors);
}
