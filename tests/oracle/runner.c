// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs frames through the loaded program for an oracle that knows nothing of this code. Needs root.
 *
 * A line in:  SCENE FRAME    SCENE: backend0 to backend3 (where every slot leads, see setup.h),
 *                            shadow0 to shadow3 (the same in shadow mode), or the word of a
 *                            `when-empty`, with no backend at all; FRAME: hexadecimal
 * A line out: ACTION VERDICT HASH FRAME
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stages/setup.h"

static const char *const verdicts[VERDICT_COUNT] = {
#define X(name, action, word, help) [VERDICT_##name] = word,
	SLUICE_VERDICTS(X)
#undef X
};

static const char *const empties[WHEN_EMPTY_COUNT] = {
#define X(name, word) word,
	SLUICE_WHEN_EMPTY(X)
#undef X
};

static void set_scene(const char *scene)
{
	const bool shadow = strncmp(scene, "shadow", 6) == 0;
	int backend = shadow				  ? atoi(scene + 6)
		      : strncmp(scene, "backend", 7) == 0 ? atoi(scene + 7)
							  : -1;
	int when_empty = 0;

	while (backend < 0 && strcmp(scene, empties[when_empty]) != 0)
		if (++when_empty == WHEN_EMPTY_COUNT)
			exit(2);
	for (int s = WEB4; s < SETUP_SERVICES; s++) {
		int id = backend < 0 ? (int)SLOT_NONE : BACKEND(s, backend);

		setup_service(s, ALGORITHM_MAGLEV, when_empty, TRACKING_MOVING, 0);
		setup_slots(s, id, id);
		if (shadow)
			setup_shadow(s);
	}
}

static void read_frame(struct frame *f, const char *hex)
{
	unsigned int byte;

	f->length = 0;
	while (f->length < FRAME_MAX && sscanf(hex + 2 * f->length, "%2x", &byte) == 1)
		f->bytes[f->length++] = byte;
}

int main(void)
{
	static char line[2 * FRAME_MAX + 64], scene[16];
	static struct frame frame;
	int hex_at, action;

	setup_site(FEATURE_ALL);
	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "%15s %n", scene, &hex_at) != 1)
			return 2;
		set_scene(scene);
		read_frame(&frame, line + hex_at);
		setup_explain(&frame);
		action = world_execute(false, &frame);
		printf("%d %s %016llx ", action, verdicts[world_explanation()->verdict],
		       (unsigned long long)world_explanation()->hash);
		for (__u32 i = 0; i < frame.length; i++)
			printf("%02x", frame.bytes[i]);
		printf("\n");
		fflush(stdout);
	}
	return 0;
}
