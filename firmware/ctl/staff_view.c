// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/ctl/staff_view.h"

#include <string.h>

#include "firmware/base/clean.h"

static const char *role_of(const json_t *person, enum strings_lang lang)
{
	return strcmp(view_text(person, "role"), "head") == 0
		       ? strings_get(lang, "staff.role.head")
		       : strings_get(lang, "staff.role.teacher");
}

void staff_view(const json_t *answer, const struct view *v, FILE *to)
{
	const json_t *people = json_object_get(answer, "people"), *one;
	char name[128], pin[32];
	size_t i;
	if (!people) {
		view_foreign(view_text(answer, "name"), name, sizeof(name));
		view_foreign(view_text(answer, "pin"), pin, sizeof(pin));
		AUTO_FREE char *text =
			strings_fill(v->lang, "staff.cli.pin", "name", name, "pin", pin, NULL);
		fprintf(to, "%s\n", text ? text : pin);
		return;
	}
	if (json_array_size(people) == 0)
		fprintf(to, "%s\n", strings_get(v->lang, "staff.in.empty"));
	json_array_foreach (people, i, one) {
		view_foreign(view_text(one, "name"), name, sizeof(name));
		fprintf(to, "%s · %s\n", name, role_of(one, v->lang));
	}
}
