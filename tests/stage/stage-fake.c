// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * wasl-stage's own machinery with small plans of fake programs: stage-fake SCENE ROOT FAKE PORT [ONCE_READY]
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/stage/front.h"
#include "firmware/stage/stage.h"
#include "firmware/stage/term.h"

static int write_file(struct vars *vars, struct fault *why)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/written", vars_get(vars, "ROOT"));
	return fileio_replace(path, "x", 1, 0644, why);
}

#define FAKE(...)                     \
	{                             \
		"@FAKE@", __VA_ARGS__ \
	}

static const struct plan_step good[] = {
	{ .name = "files", .title = "files", .kind = PLAN_ACTION, .action = write_file },
	{ .name = "task",
	  .title = "a task for @PORT@",
	  .kind = PLAN_TASK,
	  .root = "@ROOT@",
	  .argv = FAKE("say=working: 50 %", "mark=@ROOT@/task-ran", "say=all 3 done"),
	  .stamp = "@STAMP@" },
	{ .name = "never",
	  .title = "left out",
	  .kind = PLAN_TASK,
	  .root = "@ROOT@",
	  .argv = FAKE("exit=1"),
	  .when = "EMPTY" },
	{ .name = "first",
	  .title = "first daemon",
	  .kind = PLAN_SERVICE,
	  .root = "@ROOT@",
	  .argv = FAKE("child", "escape", "bye=@ROOT@/byes:1", "status=well", "ready", "beat") },
	{ .name = "second",
	  .title = "second daemon",
	  .kind = PLAN_SERVICE,
	  .root = "@ROOT@",
	  .argv = FAKE("port=127.0.0.1:@PORT@", "bye=@ROOT@/byes:2", "hold"),
	  .ready = PLAN_PORT,
	  .ready_at = "127.0.0.1:@PORT@" },
	{ .name = "third",
	  .title = "third daemon",
	  .kind = PLAN_SERVICE,
	  .root = "@ROOT@",
	  .argv = FAKE("escape", "bye=@ROOT@/byes:3", "ready", "beat") },
};

static const struct plan_step bad_task[] = {
	{ .name = "first",
	  .title = "first daemon",
	  .kind = PLAN_SERVICE,
	  .root = "@ROOT@",
	  .argv = FAKE("escape", "ready", "beat") },
	{ .name = "broken",
	  .title = "a task",
	  .kind = PLAN_TASK,
	  .root = "@ROOT@",
	  .argv = FAKE("say=I looked everywhere", "say=there is no file 'x'", "exit=7"),
	  .remedy = "bring the file" },
	{ .name = "later",
	  .title = "never reached",
	  .kind = PLAN_TASK,
	  .root = "@ROOT@",
	  .argv = FAKE("mark=@ROOT@/reached") },
};

static const struct plan_step bad_daemon[] = {
	{ .name = "crasher",
	  .title = "a daemon",
	  .kind = PLAN_SERVICE,
	  .root = "@ROOT@",
	  .argv = FAKE("mark=@ROOT@/starts", "say=cannot find my table", "abort") },
};

static const struct plan_step missing[] = {
	{ .name = "ghost",
	  .title = "a daemon",
	  .kind = PLAN_SERVICE,
	  .root = "@ROOT@",
	  .argv = { "@ROOT@/no-such-program" } },
};

static const struct plan_step late[] = {
	{ .name = "slow",
	  .title = "a daemon",
	  .kind = PLAN_SERVICE,
	  .root = "@ROOT@",
	  .argv = FAKE("escape", "hold"),
	  .patience_s = 1 },
};

static const struct plan_step busy[] = {
	{ .name = "work",
	  .title = "a long task",
	  .kind = PLAN_TASK,
	  .root = "@ROOT@",
	  .argv = FAKE("escape", "say=10 %", "wait=@ROOT@/go") },
};

static const struct {
	const char *name;
	struct plan plan;
} scenes[] = {
	{ "good", { good, ARRAY_LEN(good) } },
	{ "bad-task", { bad_task, ARRAY_LEN(bad_task) } },
	{ "bad-daemon", { bad_daemon, ARRAY_LEN(bad_daemon) } },
	{ "missing", { missing, ARRAY_LEN(missing) } },
	{ "late", { late, ARRAY_LEN(late) } },
	{ "busy", { busy, ARRAY_LEN(busy) } },
};

static void facts(struct term *t, const struct vars *vars)
{
	term_fact(t, "The port", "%s", vars_get(vars, "PORT"));
}

static int inside(void *data)
{
	return stage_run(data);
}

int main(int argc, char **argv)
{
	struct fault why = { 0 };
	struct vars vars = { 0 };
	setlocale(LC_CTYPE, "");
	if (argc < 5)
		return 2;
	const char *stamp = getenv("STAMP");
	if (vars_set(&vars, "ROOT", argv[2], &why) || vars_set(&vars, "FAKE", argv[3], &why) ||
	    vars_set(&vars, "PORT", argv[4], &why) ||
	    vars_set(&vars, "STAMP", stamp ? stamp : "1", &why))
		return 2;
	for (size_t i = 0; i < ARRAY_LEN(scenes); i++) {
		if (strcmp(scenes[i].name, argv[1]) != 0)
			continue;
		struct stage_order order = { .plan = &scenes[i].plan,
					     .vars = &vars,
					     .facts = facts,
					     .watchdog_ms = 1000,
					     .once_ready = argc > 5 ? argv[5] : NULL };
		int status = front_run(inside, &order);
		vars_done(&vars);
		return status;
	}
	return 2;
}
