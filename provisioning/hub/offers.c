// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/offers.h"

#include <errno.h>
#include <stdbool.h>

#include "firmware/base/fault.h"
#include "firmware/base/text.h"
#include "provisioning/hub/jsonout.h"
#include "provisioning/hub/store.h"

struct list {
	struct jsonout *out;
	int64_t n;
};

static void text_field(struct jsonout *out, const char *key, const char *value)
{
	jsonout_raw(out, key);
	jsonout_string(out, value);
}

static int add(void *data, const struct lesson_offer *f)
{
	struct list *l = data;
	char film[65];
	text_hex(f->film, sizeof(f->film), film);
	text_field(l->out, l->n++ ? ",{\"school\":" : "{\"school\":", f->school);
	text_field(l->out, ",\"lesson\":", f->lesson);
	text_field(l->out, ",\"title\":{\"ar\":", f->title[0]);
	text_field(l->out, ",\"fr\":", f->title[1]);
	text_field(l->out, ",\"en\":", f->title[2]);
	text_field(l->out, "},\"language\":", f->language);
	jsonout_raw(l->out, ",\"duration_ms\":");
	jsonout_int(l->out, (int64_t)f->duration_ms);
	jsonout_raw(l->out, ",\"film_bytes\":");
	jsonout_int(l->out, (int64_t)f->film_bytes);
	text_field(l->out, ",\"film\":", film);
	jsonout_raw(l->out, ",\"received\":");
	jsonout_time(l->out, f->received_s);
	jsonout_raw(l->out, "}");
	return 0;
}

int offers_json(struct store *s, int64_t now_s, struct jsonout *out, struct fault *why)
{
	struct list list = { .out = out };
	jsonout_raw(out, "{\"offers\":[");
	int rc = store_offers_each(s, OFFERS_SHOWN, add, &list, why);
	if (rc)
		return rc;
	jsonout_raw(out, "],\"n\":");
	jsonout_int(out, list.n);
	jsonout_raw(out, ",\"as_of\":");
	jsonout_time(out, now_s);
	jsonout_raw(out, "}");
	return out->bad ? fault_set(why, -ENOMEM, "memory", "out of memory") : 0;
}
