// SPDX-License-Identifier: GPL-2.0-or-later
#include "state/keeper.h"

#include "base/clock.h"
#include "base/memory.h"
#include "state/task.h"

#include <string.h>

void keeper_deinit(struct keeper *keeper)
{
	db_close(keeper->db);
	keeper->db = NULL;
}

static void degrade(struct keeper *keeper, uint64_t now_ns, const struct sl_errors *errors)
{
	_cleanup_free_ char *text = NULL;

	if (errors->count) {
		text = sl_printf("%s: %s", errors->list[0].where, errors->list[0].what);
		record_set(keeper->status.why, text);
	}
	keeper->status.degraded = true;
	if (!keeper->retry_ms)
		keeper->retry_ms = keeper->retry_min_ms;
	keeper->retry_at_ns = now_ns + keeper->retry_ms * NS_PER_MS;
	keeper->retry_ms *= 2;
	if (keeper->retry_ms > keeper->retry_max_ms)
		keeper->retry_ms = keeper->retry_max_ms;
}

/* Opening alone says little: a full disk lets itself be read. */
static bool takes_writes(struct keeper *keeper, struct store_answer *answer)
{
	return table_touch(keeper->db, answer) == STORE_OK;
}

static void open_anew(struct keeper *keeper, uint64_t now_ns)
{
	struct store_answer answer = {0};
	char notice[DB_NOTICE_MAX];
	int err;

	db_close(keeper->db);
	keeper->db = NULL;
	err = db_open(keeper->dir, keeper->schema, &keeper->limits, &keeper->db, notice,
		      &answer.errors);
	if (notice[0]) {
		memcpy(keeper->status.notice, notice, sizeof(notice));
		keeper->status.asides++;
	}
	keeper->status.refusal = err > 0 ? err : 0;
	if (!err && takes_writes(keeper, &answer))
		keeper->status.degraded = false;
	else
		degrade(keeper, now_ns, &answer.errors);
	store_answer_deinit(&answer);
}

static void answer_degraded(const struct keeper *keeper, struct store_answer *answer)
{
	answer->result = STORE_UNKNOWN;
	sl_fail(&answer->errors, 0, "store", "degraded: %s", keeper->status.why);
}

void keeper_run(struct keeper *keeper, struct task *task, uint64_t now_ns)
{
	if (!keeper->db || (task->writes && keeper->status.degraded)) {
		answer_degraded(keeper, &task->answer);
		return;
	}
	task->answer.result = task->ask(keeper->db, task);
	if (keeper->db->trouble) {
		db_close(keeper->db);
		keeper->db = NULL;
		degrade(keeper, now_ns, &task->answer.errors);
	} else if (task->writes && task->answer.result == STORE_OK) {
		keeper->retry_ms = 0;
	}
}

static void prune(struct keeper *keeper, uint64_t now_ns)
{
	struct sl_errors errors = {0};

	if (!table_prune(keeper->db))
		keeper->db->unpruned = 0;
	if (!keeper->db->trouble)
		return;
	sl_fail(&errors, 0, "store", "%s", keeper->db->why);
	db_close(keeper->db);
	keeper->db = NULL;
	degrade(keeper, now_ns, &errors);
	sl_errors_deinit(&errors);
}

static int ms_until(uint64_t at_ns, uint64_t now_ns)
{
	return at_ns > now_ns ? (int)((at_ns - now_ns) / NS_PER_MS) + 1 : 0;
}

void keeper_idle(struct keeper *keeper, uint64_t now_ns, int *ret_ms)
{
	if (!keeper->tried || (keeper->status.degraded && now_ns >= keeper->retry_at_ns)) {
		keeper->tried = true;
		open_anew(keeper, now_ns);
	}
	if (!keeper->status.degraded && keeper->db->unpruned >= keeper->limits.slice)
		prune(keeper, now_ns);
	*ret_ms = -1;
	if (keeper->status.degraded)
		*ret_ms = ms_until(keeper->retry_at_ns, now_ns);
	else if (keeper->db->unpruned >= keeper->limits.slice)
		*ret_ms = 0;
}
