/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log_limit.h"

bool log_limit_take(struct log_limit *limit, uint64_t now_ns, uint64_t *ret_suppressed)
{
	uint64_t from_ns = limit->spent_until_ns > now_ns ? limit->spent_until_ns : now_ns;

	if (from_ns - now_ns > (LOG_LIMIT_BURST - 1) * LOG_LIMIT_EVERY_NS) {
		limit->suppressed++;
		return false;
	}
	*ret_suppressed = limit->suppressed;
	*limit = (struct log_limit){.spent_until_ns = from_ns + LOG_LIMIT_EVERY_NS};
	return true;
}
