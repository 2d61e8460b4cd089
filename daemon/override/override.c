// SPDX-License-Identifier: GPL-2.0-or-later
#include "override/internal.h"

#include "base/log.h"
#include "base/memory.h"
#include "state/events.h"
#include "state/store.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

/* The wall clock may be set: ends are looked at that often at least. */
#define LOOK_MS 60000
/* After maps that refused. */
#define RETRY_MS 1000

/* ---- the engine ------------------------------------------------------------------------------------ */

/* By what it is called in the configuration; NULL: it isn't there. */
static const char *name_of(const struct config *config, const char *pool,
			   const struct address *address)
{
	int number = config ? config_find_pool(config, pool) : -1;
	const struct config_pool *of = number < 0 ? NULL : &config->pools[number];

	for (size_t i = 0; of && i < of->n_backends; i++)
		if (address_equal(&of->backends[i].address, address))
			return of->backends[i].name;
	return NULL;
}

static enum admin admin_of(const struct override *word)
{
	int admin = 0;

	while (word && admin < ADMIN_COUNT && strcmp(word->admin, engine_admin_word(admin)) != 0)
		admin++;
	return word && admin < ADMIN_COUNT ? admin : ADMIN_READY;
}

int override_apply(struct overrides *overrides, const char *pool, const char *key,
		   const struct override *word, struct sl_errors *errors)
{
	struct engine *engine = overrides->options.engine;
	enum override_subject subject;
	struct address address;
	const char *name;

	if (!override_read_key(key, &address, &subject))
		return 0;
	name = name_of(engine_config(engine), pool, &address);
	if (!name)
		return 0; /* the engine asks when it comes */
	if (subject == OVERRIDE_ADMIN)
		return engine_set_admin(engine, pool, name, admin_of(word), errors);
	return engine_set_weight(engine, pool, name, word ? word->weight : -1, errors);
}

/* ---- what is told ---------------------------------------------------------------------------------- */

static struct event_record event_of(const struct overrides *overrides, enum event_kind kind,
				    const char *actor, const char *trace, const char *object)
{
	struct event_record event = {
		.kind = kind,
		.generation = engine_generation(overrides->options.engine),
	};

	record_set(event.actor, actor);
	record_set(event.trace, trace);
	record_set(event.object, object);
	return event;
}

/* ---- ends ------------------------------------------------------------------------------------------ */

static void wait_ms(struct overrides *overrides, uint64_t ms)
{
	struct timeval pause = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	if (evtimer_add(overrides->timer, &pause))
		sl_out_of_memory();
}

void override_set_timer(struct overrides *overrides)
{
	uint64_t next_ms = override_list_next_ms(&overrides->list), now_ms = record_now_ms();

	evtimer_del(overrides->timer);
	if (next_ms == UINT64_MAX || overrides->closed)
		return;
	if (next_ms <= now_ms)
		wait_ms(overrides, 0);
	else
		wait_ms(overrides, next_ms - now_ms < LOOK_MS ? next_ms - now_ms : LOOK_MS);
}

/* As people know it: the name, or the address of one that is gone. Caller frees. */
static char *object_of(const struct overrides *overrides, const struct override *word)
{
	const struct config *config = engine_config(overrides->options.engine);
	enum override_subject subject;
	char text[ADDRESS_TEXT_MAX];
	struct address address;
	const char *name;

	if (!override_read_key(word->backend, &address, &subject))
		return sl_strdup(word->pool);
	name = name_of(config, word->pool, &address);
	return sl_printf("%s/%s", word->pool, name ? name : address_format(&address, text));
}

/* Out of the list, or marked as long as it isn't known what the store has. */
static void take_out(struct overrides *overrides, struct override_entry *entry)
{
	if (overrides->known && !overrides->listing)
		override_list_drop(&overrides->list, entry);
	else
		entry->taken_back = true;
}

/* False: the maps refuse; it stays for now. */
static bool expire(struct overrides *overrides, struct override_entry *entry)
{
	struct override word = entry->word;
	_cleanup_free_ char *object = object_of(overrides, &word), *what = override_said(&word);
	struct event_record event =
		event_of(overrides, EVENT_OVERRIDE_EXPIRED, "sluiced", "", object);
	_cleanup_free_ char *text =
		sl_printf("%s of %s is over: %s", what, word.author,
			  word.until_ms ? "its time is up" : "the backend left for good");
	struct sl_errors errors = {0};
	struct job *job;

	if (override_apply(overrides, word.pool, word.backend, NULL, &errors)) {
		log_error("%s: the end of %s failed and is tried again", object, what);
		sl_errors_deinit(&errors);
		return false;
	}
	take_out(overrides, entry);
	record_set(event.text, text);
	job = sl_calloc(1, sizeof(*job));
	record_remove(overrides, job, &word, &event);
	record_answer(job);
	return true;
}

static void on_time(evutil_socket_t fd, short what, void *context)
{
	struct overrides *overrides = context;
	uint64_t now_ms = record_now_ms();
	bool refused = false;

	for (size_t i = overrides->list.count; i-- > 0;)
		if (override_end_ms(&overrides->list.list[i]) <= now_ms)
			refused |= !expire(overrides, &overrides->list.list[i]);
	if (refused)
		wait_ms(overrides, RETRY_MS);
	else
		override_set_timer(overrides);
}

/* ---- a request ------------------------------------------------------------------------------------- */

/* The word as asked for; false: it takes one back. */
static bool make_word(const struct override_request *request, enum override_subject subject,
		      const struct address *address, struct override *ret_word)
{
	uint64_t now_ms = record_now_ms();

	*ret_word = (struct override){
		.weight = -1,
		.since_ms = now_ms,
		.until_ms = request->for_ms ? now_ms + request->for_ms : 0,
	};
	record_set(ret_word->pool, request->pool);
	override_key(address, subject, ret_word->backend);
	record_set(ret_word->author, request->author);
	record_set(ret_word->reason, request->reason);
	if (subject == OVERRIDE_WEIGHT) {
		ret_word->weight = request->weight;
		return request->weight >= 0;
	}
	if (request->admin == ADMIN_READY)
		return false;
	record_set(ret_word->admin, engine_admin_word(request->admin));
	return true;
}

static void put(struct overrides *overrides, struct job *job, const struct override *word,
		struct event_record *event)
{
	_cleanup_free_ char *text = override_describe(word);

	override_list_put(&overrides->list, word);
	record_set(event->text, text);
	record_put(overrides, job, word, event);
}

static void take_back(struct overrides *overrides, struct job *job, const struct override *word,
		      enum override_subject subject, struct event_record *event)
{
	struct override_entry *entry =
		override_list_find(&overrides->list, word->pool, word->backend);
	_cleanup_free_ char *text = NULL;

	if (overrides->known && !entry)
		return;
	if (!entry)
		entry = override_list_put(&overrides->list, word);
	take_out(overrides, entry);
	text = sl_printf("%s%s%s%s",
			 subject == OVERRIDE_WEIGHT ? "the configuration's weight"
						    : engine_admin_word(ADMIN_READY),
			 word->reason[0] ? " (" : "", word->reason, word->reason[0] ? ")" : "");
	record_set(event->text, text);
	record_remove(overrides, job, word, event);
}

/* -errno: nothing of it is done. */
static int carry_out(struct overrides *overrides, struct job *job,
		     const struct override_request *request, enum override_subject subject,
		     const struct address *address)
{
	_cleanup_free_ char *object = sl_printf("%s/%s", request->pool, request->backend);
	struct event_record event =
		event_of(overrides, EVENT_OVERRIDE, request->author, request->trace, object);
	struct override word;
	bool is_put = make_word(request, subject, address, &word);
	int err = override_apply(overrides, word.pool, word.backend, is_put ? &word : NULL,
				 &job->answer.errors);

	if (err)
		job->answer.result = OVERRIDE_FAILED;
	else if (is_put)
		put(overrides, job, &word, &event);
	else
		take_back(overrides, job, &word, subject, &event);
	return err;
}

static bool find_address(const struct overrides *overrides, const struct override_request *request,
			 struct address *ret_address, struct sl_errors *errors)
{
	const struct config *config = engine_config(overrides->options.engine);
	_cleanup_free_ char *where = sl_printf("%s/%s", request->pool, request->backend);
	int pool = config ? config_find_pool(config, request->pool) : -1;
	int backend = pool < 0 ? -1 : config_find_backend(&config->pools[pool], request->backend);

	if (pool < 0)
		sl_fail(errors, ENOENT, where, "there is no pool %s", request->pool);
	else if (backend < 0)
		sl_fail(errors, ENOENT, where, "the pool %s has no backend %s", request->pool,
			request->backend);
	else
		*ret_address = config->pools[pool].backends[backend].address;
	return backend >= 0;
}

static enum override_result look(const struct overrides *overrides,
				 const struct override_request *request,
				 struct address *ret_address, struct sl_errors *errors)
{
	if (!find_address(overrides, request, ret_address, errors))
		return OVERRIDE_NOT_FOUND;
	if (overrides->closed) {
		sl_fail(errors, 0, "override", "the daemon is ending");
		return OVERRIDE_REFUSED;
	}
	if (overrides->list.count + OVERRIDE_SUBJECT_COUNT <= OVERRIDE_MAX)
		return OVERRIDE_DONE;
	sl_fail(errors, 0, "override", "there are %d, and no more are kept: enable some backends",
		OVERRIDE_MAX);
	return OVERRIDE_REFUSED;
}

void overrides_submit(struct overrides *overrides, const struct override_request *request,
		      override_done_fn *done, void *context)
{
	struct job *job = sl_calloc(1, sizeof(*job));
	struct address address;

	job->done = done;
	job->context = context;
	job->answer.result = look(overrides, request, &address, &job->answer.errors);
	if (!job->answer.result && request->has_admin)
		carry_out(overrides, job, request, OVERRIDE_ADMIN, &address);
	if (!job->answer.result && request->has_weight)
		carry_out(overrides, job, request, OVERRIDE_WEIGHT, &address);
	override_set_timer(overrides);
	record_answer(job);
}

/* ---- what is in force ------------------------------------------------------------------------------ */

const struct override *overrides_find(const struct overrides *overrides, const char *pool,
				      const struct address *address, enum override_subject subject)
{
	const struct override_entry *entry;
	char key[CONFIG_NAME_MAX];

	override_key(address, subject, key);
	entry = override_list_find(&overrides->list, pool, key);
	return entry && override_end_ms(entry) > record_now_ms() && !entry->taken_back
		       ? &entry->word
		       : NULL;
}

void overrides_remember(const struct overrides *overrides, const char *pool,
			const struct address *address, struct engine_memory *memory)
{
	const struct override *weight = overrides_find(overrides, pool, address, OVERRIDE_WEIGHT);

	memory->admin = admin_of(overrides_find(overrides, pool, address, OVERRIDE_ADMIN));
	memory->weight = weight ? weight->weight : -1;
}

void overrides_follow(struct overrides *overrides, const struct config *config)
{
	uint64_t now_ms = record_now_ms();

	for (size_t i = 0; i < overrides->list.count; i++) {
		struct override_entry *entry = &overrides->list.list[i];
		enum override_subject subject;
		struct address address;

		if (!override_read_key(entry->word.backend, &address, &subject) ||
		    name_of(config, entry->word.pool, &address))
			entry->left_ms = 0;
		else if (!entry->left_ms)
			entry->left_ms = now_ms;
	}
	override_set_timer(overrides);
}

/* ---- beginning and end ----------------------------------------------------------------------------- */

static void on_store(void *context, const struct store_status *status)
{
	if (!status->degraded)
		record_refresh(context);
}

struct overrides *overrides_new(struct event_base *base, const struct override_options *options,
				const struct store_answer *recall)
{
	struct overrides *overrides = sl_calloc(1, sizeof(*overrides));
	enum override_subject subject;
	struct address address;

	overrides->options = *options;
	overrides->known = recall->result == STORE_OK;
	overrides->timer = evtimer_new(base, on_time, overrides);
	if (!overrides->timer)
		sl_out_of_memory();
	for (size_t i = 0; overrides->known && i < recall->recall.n_overrides; i++)
		if (override_read_key(recall->recall.overrides[i].backend, &address, &subject))
			override_list_put(&overrides->list, &recall->recall.overrides[i]);
	store_watch(options->store, on_store, overrides);
	override_set_timer(overrides);
	return overrides;
}

void overrides_close(struct overrides *overrides)
{
	overrides->closed = true;
	evtimer_del(overrides->timer);
}

void overrides_free(struct overrides *overrides)
{
	if (!overrides)
		return;
	event_free(overrides->timer);
	override_list_deinit(&overrides->list);
	free(overrides);
}
