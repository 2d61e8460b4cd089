/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "balance/slots.h"

__u32 slot_change(__u32 word, __u16 backend, slot_usable_fn *usable, const void *context)
{
	__u16 current = SLOT_CURRENT(word);
	__u16 origin = SLOT_ORIGIN(word);

	if (backend == current)
		return word;
	if (current == SLOT_NONE)
		return SLOT(backend, backend);
	if (!slot_is_moving(word))
		origin = current;
	else if (origin == backend)
		origin = SLOT_NONE; /* flows of the backend in between have records */
	if (origin != SLOT_NONE && !usable(context, origin))
		origin = SLOT_NONE;
	return SLOT(backend, origin);
}

__u32 slot_before_up(__u32 word, __u16 backend)
{
	if (slot_is_settled(word) && SLOT_CURRENT(word) == backend)
		return SLOT(backend, SLOT_NONE);
	return word;
}

__u32 slot_drained(__u32 word)
{
	return slot_is_moving(word) ? SLOT(SLOT_CURRENT(word), SLOT_NONE) : word;
}

__u32 slot_settle(__u32 word)
{
	return slot_is_tail(word) ? SLOT(SLOT_CURRENT(word), SLOT_CURRENT(word)) : word;
}
