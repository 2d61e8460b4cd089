/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What would become of a packet: the loader runs the read-only program on it, which says why.
 */
#include "api/resource.h"

#include "api/frame.h"
#include "balance/slots.h"
#include "base/memory.h"
#include "engine/engine.h"
#include "loader/loader.h"

#include <errno.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <string.h>

static const struct {
	const char *word, *help;
} verdicts[] = {[VERDICT_CONTINUE] = {"none", "the program came to no verdict"},
#define X(name, action, word, help) [VERDICT_##name] = {word, help},
		SLUICE_VERDICTS(X)
#undef X
},
  choices[] = {
#define X(name, word, help) [CHOICE_##name] = {word, help},
	  SLUICE_CHOICES(X)
#undef X
};

static const char *const actions[] = {
	[XDP_ABORTED] = "XDP_ABORTED", [XDP_DROP] = "XDP_DROP",		[XDP_PASS] = "XDP_PASS",
	[XDP_TX] = "XDP_TX",	       [XDP_REDIRECT] = "XDP_REDIRECT",
};

static const char *const record_states[] = {
	[FLOW_EMPTY] = "empty",
	[FLOW_UNCONFIRMED] = "unconfirmed",
	[FLOW_ESTABLISHED] = "established",
	[FLOW_CLOSING] = "closing",
};

/* The names behind the numbers; NULL where there is none. */
struct names {
	const struct config_service *service;
	char *backend; /* owned: "pool/name", or the address of one that is in no pool any more */
};

/* ---- names --------------------------------------------------------------------------------------------- */

static const struct config_service *find_service(const struct api_context *context, uint32_t id)
{
	const struct config *config = engine_config(context->engine);
	struct engine_service view;

	for (size_t i = 0; config && id != SERVICE_NONE && i < config->n_services; i++) {
		engine_service(context->engine, i, &view);
		if (view.id == id)
			return &config->services[i];
	}
	return NULL;
}

static struct address entry_address(const struct backend_entry *entry)
{
	struct address address = {.family = entry->family};

	memcpy(address.word_be, entry->addr_be, entry->family == 4 ? 4 : 16);
	return address;
}

static char *name_backend(const struct api_context *context, const struct config_service *service,
			  uint32_t id)
{
	const struct config *config = engine_config(context->engine);
	const struct world *world = engine_world(context->engine);
	struct address address;
	char text[ADDRESS_TEXT_MAX];

	if (id >= world->size.backends || world->backends[id].state == BACKEND_FREE)
		return NULL;
	address = entry_address(&world->backends[id]);
	for (size_t i = 0; service && i < config->pools[service->pool].n_backends; i++) {
		const struct config_pool *pool = &config->pools[service->pool];

		if (address_equal(&pool->backends[i].address, &address))
			return sl_printf("%s/%s", pool->name, pool->backends[i].name);
	}
	return sl_strdup(address_format(&address, text));
}

/* ---- stages -------------------------------------------------------------------------------------------- */

static void __attribute__((format(printf, 3, 4)))
add_stage(json_t *stages, const char *stage, const char *format, ...)
{
	_cleanup_free_ char *decision = NULL;
	va_list args;

	va_start(args, format);
	decision = sl_vprintf(format, args);
	va_end(args);
	json_array_append_new(stages,
			      json_pack("{s:s, s:s}", "stage", stage, "decision", decision));
}

static const char *slot_state(const struct explanation *why)
{
	if (why->service == SERVICE_NONE || SLOT_CURRENT(why->slot_word) == SLOT_NONE)
		return "none";
	if (slot_is_settled(why->slot_word))
		return "settled";
	return slot_is_tail(why->slot_word) ? "tail" : "moving";
}

static void add_service(json_t *stages, const struct explanation *why,
			const struct config_service *service)
{
	char vip[ADDRESS_TEXT_MAX];

	if (why->service == SERVICE_NONE)
		add_stage(stages, "service", "none");
	else if (!service)
		add_stage(stages, "service", "number %u, which is going away", why->service);
	else
		add_stage(stages, "service", "%s: %s port %u of %s", service->name,
			  service->protocol == IPPROTO_TCP ? "tcp" : "udp", service->port,
			  address_format(&service->vip, vip));
}

static void add_flow(const struct api_context *context, json_t *stages,
		     const struct explanation *why, const struct names *names)
{
	_cleanup_free_ char *backend =
		name_backend(context, names->service, FLOW_BACKEND(why->record));

	if (why->record)
		add_stage(stages, "flow", "a record, %s, names %s",
			  record_states[FLOW_STATE(why->record) & 3],
			  backend ? backend : "a backend that is gone");
	else if (why->choice == CHOICE_SETTLED)
		add_stage(stages, "flow", "not asked: nothing moves");
	else
		add_stage(stages, "flow", "no record");
}

static void add_select(const struct api_context *context, json_t *stages,
		       const struct explanation *why, const struct names *names)
{
	_cleanup_free_ char *current =
		name_backend(context, names->service, SLOT_CURRENT(why->slot_word));
	_cleanup_free_ char *origin =
		name_backend(context, names->service, SLOT_ORIGIN(why->slot_word));
	const char *word = why->choice < CHOICE_COUNT ? choices[why->choice].word : "?";
	const char *help = why->choice < CHOICE_COUNT ? choices[why->choice].help : "";

	add_stage(stages, "select", "slot %u, %s (current %s, origin %s): %s: %s: %s", why->slot,
		  slot_state(why), current ? current : "none", origin ? origin : "none",
		  names->backend ? names->backend : "no backend", word, help);
}

static json_t *list_stages(const struct api_context *context, const struct explanation *why,
			   const struct program_run *run, const struct names *names)
{
	json_t *stages = json_array();
	const char *action = run->action < sl_count(actions) ? actions[run->action] : "?";

	add_service(stages, why, names->service);
	if (why->service != SERVICE_NONE) {
		add_flow(context, stages, why, names);
		add_select(context, stages, why, names);
	}
	if (names->service && names->backend)
		add_stage(stages, "forward", "%s to %s",
			  config_forward_word(names->service->forward), names->backend);
	if (why->would_be != VERDICT_CONTINUE)
		add_stage(stages, "shadow", "enforced, it would be %s: %s",
			  verdicts[why->would_be].word, verdicts[why->would_be].help);
	add_stage(stages, "conclude", "%s (%s): %s", verdicts[why->verdict].word, action,
		  verdicts[why->verdict].help);
	return stages;
}

/* ---- answer -------------------------------------------------------------------------------------------- */

static json_t *nullable(const char *text)
{
	return text ? json_string(text) : json_null();
}

static void answer_run(const struct api_context *context, const struct program_run *run,
		       const struct explanation *why, struct answer *answer)
{
	struct names names = {.service = find_service(context, why->service)};
	_cleanup_free_ char *output = frame_hex(run->frame, run->size);
	json_t *object = answer_new_object(context, "Explanation");

	names.backend = name_backend(context, names.service, why->backend);
	json_object_set_new(object, "verdict", json_string(verdicts[why->verdict].word));
	json_object_set_new(
		object, "would_be",
		nullable(why->would_be == VERDICT_CONTINUE ? NULL : verdicts[why->would_be].word));
	json_object_set_new(
		object, "action",
		nullable(run->action < sl_count(actions) ? actions[run->action] : NULL));
	json_object_set_new(object, "service",
			    nullable(names.service ? names.service->name : NULL));
	json_object_set_new(object, "backend", nullable(names.backend));
	json_object_set_new(object, "slot",
			    why->service == SERVICE_NONE ? json_null() : json_integer(why->slot));
	json_object_set_new(object, "slot_state", json_string(slot_state(why)));
	json_object_set_new(
		object, "choice",
		nullable(why->choice < CHOICE_COUNT ? choices[why->choice].word : NULL));
	/* As text: JSON numbers of many readers end at 2^53. */
	json_object_set_new(object, "hash", json_sprintf("%016llx", (unsigned long long)why->hash));
	json_object_set_new(object, "record",
			    why->record ? json_sprintf("%016llx", (unsigned long long)why->record)
					: json_null());
	json_object_set_new(object, "stages", list_stages(context, why, run, &names));
	json_object_set_new(object, "output_hex", json_string(output));
	sl_freep(&names.backend);
	answer_object(answer, object);
}

/* The first one if none was named. */
static int find_interface(const struct api_context *context, const char *name,
			  uint32_t *ret_interface, struct sl_errors *errors)
{
	for (size_t i = 0; i < context->n_interfaces; i++)
		if (!name[0] || !strcmp(name, context->interfaces[i].name)) {
			*ret_interface = i;
			return 0;
		}
	return sl_fail(errors, ENOENT, "body.interface",
		       "\"%s\" is none of the daemon's interfaces", name);
}

static int run_frame(const struct api_context *context, uint32_t interface,
		     struct body_explain *body, struct program_run *ret_run,
		     struct sl_errors *errors)
{
	if (!body->frame_size)
		body->frame_size = frame_of_flow(body, body->frame);
	return loader_explain(context->loader, interface, body->frame, body->frame_size, ret_run,
			      errors);
}

void resource_explain(const struct api_context *context, const struct request *request,
		      struct answer *answer)
{
	struct sl_errors errors = {0};
	struct explanation why = {0};
	struct program_run run = {0};
	struct body_explain body;
	uint32_t interface = 0;

	if (body_parse_explain(request->body, request->size, &body, &errors) ||
	    find_interface(context, body.interface, &interface, &errors)) {
		answer_problem(answer, 400, "the request is wrong", &errors);
		return;
	}
	if (run_frame(context, interface, &body, &run, &errors)) {
		answer_problem(answer, 500, "the packet could not be run", &errors);
		return;
	}
	dataplane_explanation(engine_dataplane(context->engine), &why);
	if (why.verdict >= VERDICT_COUNT)
		why.verdict = VERDICT_INTERNAL;
	if (why.would_be >= VERDICT_COUNT)
		why.would_be = VERDICT_INTERNAL;
	answer_run(context, &run, &why, answer);
}
