/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ipvsadm.h - how the parts of ipvsadm's reader fit together.
 */
#ifndef SLUICECTL_IPVSADM_H
#define SLUICECTL_IPVSADM_H

#include "import/split.h"

/* Adds a line's words: --weight=5, -w5 and -w 5 all become -w 5. */
void ipvsadm_split(struct arena *arena, struct statement *statement, const struct line *line);
/* The next line belongs to it. */
bool ipvsadm_is_continued(const struct line *line);

#endif
