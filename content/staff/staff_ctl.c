// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "content/contentd.h"
#include "content/portal/site.h"
#include "content/staff/staff.h"
#include "firmware/base/clean.h"
#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"
#include "firmware/base/log.h"
#include "firmware/base/text.h"

/* `wasl staff` on the control socket: who may do what. */

CLEAN_FN(json, json_t, json_decref)

static void refuse(struct ctl_request *req, const struct fault *why)
{
	ctl_reply_fault(req, ctl_status_of(why->code), why);
}

static json_t *person_json(const struct person *p)
{
	return json_pack("{s:s,s:s,s:s,s:I}", "id", p->id, "name", p->name, "role",
			 people_role_name(p->role), "added_s", (json_int_t)p->added_s);
}

void staff_ctl_list(struct ctl_request *req, void *data)
{
	const struct contentd *c = data;
	json_t *list = json_array();
	for (size_t i = 0; i < people_count(c->staff->people); i++)
		json_array_append_new(list, person_json(people_at(c->staff->people, i)));
	ctl_reply_json(req, 200, json_pack("{s:o}", "people", list));
}

/* A PIN on its way to its hash. */
struct change {
	struct contentd *c;
	struct ctl_request *req;
	char name[PEOPLE_NAME_BYTES], pin[PEOPLE_PIN_BYTES];
	enum people_role role;
	enum { ADD, RESET } what;
};

static void gone(void *data)
{
	struct change *x = data;
	pins_leave(x->c->staff->pins, x);
	sodium_memzero(x->pin, sizeof(x->pin));
}

static void hashed(void *data, int code, const char *hash)
{
	struct change x = *(struct change *)data;
	struct staff *s = x.c->staff;
	struct fault why = { 0 };
	int r = code ? fault_set(&why, code, "memory", "no memory for the PIN's hash") : 0;
	if (r == 0)
		r = x.what == ADD ? people_add(s->people, x.name, x.role, hash, &why)
				  : people_set_hash(s->people, x.name, hash, &why);
	if (r) {
		refuse(x.req, &why);
		return;
	}
	const struct person *p = people_find(s->people, x.name);
	if (x.what == RESET) {
		sessions_end_person(&s->sessions, p->id);
		(void)sessions_save(&s->sessions, s->sessions_path, NULL);
	}
	log_info("event=staff.%s person=%s", x.what == ADD ? "added" : "pin", p->id);
	json_t *answer = person_json(p);
	json_object_set_new(answer, "pin", json_string(x.pin));
	ctl_reply_json(x.req, 200, answer);
	sodium_memzero(&x, sizeof(x));
}

static int read_change(struct change *x, struct fault *why)
{
	size_t len;
	const void *body = ctl_body(x->req, &len);
	CLEANUP(clean_json) json_t *asked = json_loadb(body, len, 0, NULL);
	const char *name = json_string_value(json_object_get(asked, "name"));
	const char *role = json_string_value(json_object_get(asked, "role"));
	const char *pin = json_string_value(json_object_get(asked, "pin"));
	if (!name || strlen(name) >= sizeof(x->name))
		return fault_set(why, -EINVAL, "staff.name",
				 "who? {\"name\": \"…\"}, at most %zu bytes", sizeof(x->name) - 1);
	snprintf(x->name, sizeof(x->name), "%s", name);
	if (role && people_role_parse(role, &x->role))
		return fault_set(why, -EINVAL, "staff.role",
				 "role = '%.40s' is neither teacher nor head", role);
	if (!pin)
		people_pin_random(x->pin);
	else if (people_pin(pin, x->pin))
		return fault_set(why, -EINVAL, "staff.pin", "a PIN has 6 to 12 digits");
	return 0;
}

static void change(struct ctl_request *req, struct contentd *c, int what)
{
	struct fault why = { 0 };
	struct change *x = ctl_scratch(req, sizeof(*x));
	if (!x) {
		fault_set(&why, -ENOMEM, "memory", "out of memory");
		refuse(req, &why);
		return;
	}
	*x = (struct change){ .c = c, .req = req, .what = what };
	int r = read_change(x, &why);
	/* Said before the work, so that a slip of the pen is heard at once. */
	if (r == 0 && what == RESET && !people_find(c->staff->people, x->name))
		r = people_set_hash(c->staff->people, x->name, "", &why);
	if (r == 0) {
		ctl_on_gone(req, gone, x);
		r = pins_ask(c->staff->pins, x->pin, "", hashed, x, &why);
		if (r)
			ctl_on_gone(req, NULL, NULL);
	}
	if (r)
		refuse(req, &why);
}

void staff_ctl_add(struct ctl_request *req, void *data)
{
	change(req, data, ADD);
}

void staff_ctl_reset_pin(struct ctl_request *req, void *data)
{
	change(req, data, RESET);
}

void staff_ctl_remove(struct ctl_request *req, void *data)
{
	struct contentd *c = data;
	struct fault why = { 0 };
	size_t len;
	const void *body = ctl_body(req, &len);
	CLEANUP(clean_json) json_t *asked = json_loadb(body, len, 0, NULL);
	const char *name = json_string_value(json_object_get(asked, "name"));
	const struct person *p = people_find(c->staff->people, name ? name : "");
	char id[sizeof(p->id)] = "";
	if (p)
		memcpy(id, p->id, sizeof(id));
	if (people_remove(c->staff->people, name ? name : "", &why)) {
		refuse(req, &why);
		return;
	}
	/* Lessons stay: heads look after them. */
	sessions_end_person(&c->staff->sessions, id);
	(void)sessions_save(&c->staff->sessions, c->staff->sessions_path, NULL);
	log_info("event=staff.removed person=%s", id);
	staff_ctl_list(req, data);
}
