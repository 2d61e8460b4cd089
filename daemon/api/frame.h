/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * frame.h - the smallest Ethernet frame of a flow, checksums right; and frames as hex digits. Pure.
 */
#ifndef SLUICE_API_FRAME_H
#define SLUICE_API_FRAME_H

#include "api/body.h"

#define FRAME_FLOW_MAX 74 /* Ethernet, IPv6, TCP */

/*
 * MACs are of the locally administered range, TTL is 64, there is no payload; a TCP segment has
 * the body's flags. Returns the size.
 */
size_t frame_of_flow(const struct body_explain *flow, uint8_t frame[FRAME_FLOW_MAX]);

/* Caller frees. */
char *frame_hex(const uint8_t *frame, size_t size);

#endif
