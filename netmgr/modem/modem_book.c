// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/modem/modem_book.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/text.h"

enum { DAY_MS = 86400000, CLIMBED_MAX = 1000 };

CLEAN_FN(json, json_t, json_decref)

char *modem_book_text(const struct modem_memory *memory, const char *boot, uint64_t now_ms)
{
	json_t *ages = json_array();
	for (size_t i = 0; i < memory->steps; i++)
		if (memory->step_ms[i] + DAY_MS > now_ms)
			json_array_append_new(ages, json_integer((json_int_t)(now_ms -
									      memory->step_ms[i])));
	CLEANUP(clean_json)
	json_t *root = json_pack("{s:s, s:I, s:I, s:o}", "boot", boot, "at", (json_int_t)now_ms,
				 "climbed", (json_int_t)memory->climbed, "ages", ages);
	if (root && memory->pin_tried) {
		char tag[2 * MODEM_PIN_TAG + 1];
		text_hex(memory->pin_tag, MODEM_PIN_TAG, tag);
		json_object_set_new(root, "pin_tried", json_string(tag));
		json_object_set_new(root, "pin_wrong", json_boolean(memory->pin_wrong));
		json_object_set_new(root, "pin_times", json_integer(memory->pin_times));
	}
	return root ? json_dumps(root, JSON_COMPACT) : NULL;
}

/* Oldest first, none in the future, none older than a day. */
static int read_ages(const json_t *ages, uint64_t passed_ms, uint64_t now_ms,
		     struct modem_memory *m)
{
	json_int_t before = DAY_MS;
	size_t i;
	json_t *value;
	json_array_foreach (ages, i, value) {
		const json_int_t age = json_integer_value(value);
		if (!json_is_integer(value) || age < 0 || age > before ||
		    m->steps == MODEM_PER_DAY_MAX)
			return -EBADMSG;
		before = age;
		/* A daemon's clock begins with the boot: what is older than that has no time on it. */
		const uint64_t ago = (uint64_t)age + passed_ms;
		m->step_ms[m->steps++] = now_ms > ago ? now_ms - ago : 0;
	}
	return 0;
}

int modem_book_parse(const void *text, size_t len, const char *boot, uint64_t now_ms,
		     struct modem_memory *out)
{
	struct modem_memory m = { .steps = 0 };
	if (len > MODEM_BOOK_BYTES_MAX)
		return -EBADMSG;
	CLEANUP(clean_json) json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	const char *written = json_string_value(json_object_get(root, "boot"));
	const json_int_t at = json_integer_value(json_object_get(root, "at"));
	const json_int_t climbed = json_integer_value(json_object_get(root, "climbed"));
	const json_t *tag = json_object_get(root, "pin_tried");
	if (!written || at < 0 || climbed < 0 || climbed > CLIMBED_MAX)
		return -EBADMSG;
	const bool same = strcmp(written, boot) == 0 && (uint64_t)at <= now_ms;
	if (read_ages(json_object_get(root, "ages"), same ? now_ms - (uint64_t)at : 0, now_ms, &m) <
	    0)
		return -EBADMSG;
	m.climbed = (unsigned)climbed;
	if (tag) {
		if (!json_is_string(tag) ||
		    text_unhex(json_string_value(tag), m.pin_tag, MODEM_PIN_TAG) < 0)
			return -EBADMSG;
		const json_t *times = json_object_get(root, "pin_times");
		if (times && (!json_is_integer(times) || json_integer_value(times) < 0 ||
			      json_integer_value(times) > MODEM_PIN_TIMES))
			return -EBADMSG;
		m.pin_tried = true;
		m.pin_wrong = json_is_true(json_object_get(root, "pin_wrong"));
		m.pin_times = times ? (unsigned)json_integer_value(times) : 1;
	}
	*out = m;
	return 0;
}
