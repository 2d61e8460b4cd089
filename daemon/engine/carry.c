/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * carry.c - plans carried out, step by step, or undone.
 */
#include "engine/internal.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <string.h>

/* To the maps, and then to the world. */
int engine_carry_out(struct engine *engine, const struct step *step, struct sl_errors *errors)
{
	int err = dataplane_apply(engine->dataplane, step, errors);

	if (!err)
		world_apply(&engine->world, step, clock_now_ns());
	else if (step->kind == STEP_PROGRAM)
		engine->world.program_known = false;
	if (step->kind == STEP_BACKEND_ENTRY)
		engine->watch.stale = true;
	return err;
}

/* The first program since the start: what ran before it is the loader's alone to know. It stays. */
static bool is_first_program(const struct step *step)
{
	const struct program_config none = {0};

	return step->kind == STEP_PROGRAM && !memcmp(&step->before.program, &none, sizeof(none));
}

/*
 * In reverse, up to a step that can't be undone. What stands then is the beginning of the plan, which
 * packets can live with, as with any (plan.h); to go on would take away what that step still uses. A
 * rebuild leads back from there.
 */
static void undo(struct engine *engine, const struct plan *plan, size_t done,
		 struct sl_errors *errors)
{
	char name[64];

	engine->reclaim.stale = true;
	engine->applied++;
	while (done--) {
		struct step inverse = step_inverse(&plan->steps[done]);
		struct sl_errors why = {0};

		if (is_first_program(&plan->steps[done]))
			continue;
		if (engine_carry_out(engine, &inverse, &why)) {
			step_name(&inverse, name, sizeof(name));
			log_error("%s could not be undone, it is tried again", name);
			sl_fail(errors, EIO, name,
				"could not be undone either (%s): part of the change is in the "
				"maps "
				"until a rebuild has taken it back, which is tried until it "
				"succeeds",
				why.count ? why.list[0].what : "no reason given");
			sl_errors_deinit(&why);
			rebuild_soon(engine);
			return;
		}
	}
}

/*
 * A program without what nothing needs any more, or one loaded again to be sure, is a wish: the one
 * before does as well, and undoing slots that packets have seen would cost flows. The next plan wishes
 * again.
 */
static bool is_dispensable(const struct step *step)
{
	struct program_config larger = step->after.program;

	larger.features = step->before.program.features;
	return step->kind == STEP_PROGRAM &&
	       !memcmp(&larger, &step->before.program, sizeof(larger)) &&
	       !(step->after.program.features & ~step->before.program.features);
}

int engine_apply(struct engine *engine, const struct plan *plan, struct sl_errors *errors)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct step *step = &plan->steps[i];
		bool dispensable = is_dispensable(step);
		int err = engine_carry_out(engine, step, dispensable ? NULL : errors);

		if (err && dispensable) {
			log_warning("a program could not be loaded; the one before does as well");
			continue;
		}
		if (err) {
			undo(engine, plan, i, errors);
			return err;
		}
	}
	if (plan->count)
		engine->applied++;
	reclaim_begin(engine);
	return 0;
}
