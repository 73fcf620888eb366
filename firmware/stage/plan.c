// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/stage/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/text.h"

CLEAN_FN(words, char *, plan_free_words)

static int check_step(const struct plan_step *s, struct fault *why)
{
	if (!s->name || !text_is_slug(s->name) || !s->title)
		return fault_set(why, -EINVAL, "stage.plan", "a step has no name or no title");
	if (s->kind == PLAN_ACTION)
		return s->action ? 0
				 : fault_set(why, -EINVAL, "stage.plan", "'%s' has nothing to do",
					     s->name);
	if (!s->argv[0] || s->argv[PLAN_WORDS - 1] || !s->root)
		return fault_set(why, -EINVAL, "stage.plan", "'%s' has no command or no root",
				 s->name);
	if (s->kind == PLAN_SERVICE && (s->ready == PLAN_PORT) != (s->ready_at != NULL))
		return fault_set(why, -EINVAL, "stage.plan", "'%s': ready where?", s->name);
	return 0;
}

int plan_check(const struct plan *plan, struct fault *why)
{
	if (plan->count > PLAN_MAX)
		return fault_set(why, -E2BIG, "stage.plan", "more than %d steps", PLAN_MAX);
	for (size_t i = 0; i < plan->count; i++) {
		int rc = check_step(&plan->steps[i], why);
		if (rc)
			return rc;
		for (size_t k = 0; k < i; k++) {
			if (!strcmp(plan->steps[k].name, plan->steps[i].name))
				return fault_set(why, -EEXIST, "stage.plan", "two steps are '%s'",
						 plan->steps[i].name);
		}
	}
	return 0;
}

int plan_judge(const struct plan_step *step, const struct vars *vars, const char *recorded,
	       enum plan_verdict *out, struct fault *why)
{
	if (step->when && !*vars_get(vars, step->when)) {
		*out = PLAN_NOT_ASKED;
		return 0;
	}
	*out = PLAN_DO;
	if (!step->stamp || !recorded)
		return 0;
	AUTO_FREE char *now = NULL;
	int rc = vars_expand(vars, step->stamp, &now, why);
	if (rc == 0 && !strcmp(now, recorded))
		*out = PLAN_STILL_GOOD;
	return rc;
}

void plan_free_words(char **words)
{
	for (size_t i = 0; words && words[i]; i++)
		free(words[i]);
	free(words);
}

int plan_words(const struct plan_step *step, const struct vars *vars, char ***out,
	       struct fault *why)
{
	CLEANUP(clean_words) char **words = calloc(PLAN_WORDS, sizeof(*words));
	if (!words)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	size_t n = 0;
	for (size_t i = 0; step->argv[i]; i++) {
		int rc = vars_expand(vars, step->argv[i], &words[n], why);
		if (rc)
			return fault_within(why, "step '%s'", step->name);
		if (*words[n])
			n++;
		else
			free(MOVE_PTR(words[n]));
	}
	*out = MOVE_PTR(words);
	return 0;
}
