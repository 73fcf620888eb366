// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/ctl/store_view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/ctl/view.h"

CLEAN_FN(json, json_t, json_decref)

typedef void view_fn(const json_t *answer, const struct view *v, FILE *to);

/* What is shown of an answer, in a language. */
static const struct {
	const char *why;
	view_fn *show;
	enum strings_lang lang;
	const char *answer, *text;
} rows[] = {
	{ "what stays", store_view_why, STRINGS_EN,
	  "{'things':[{'what':'a/film','state':'stays','reason':'programme','bytes':1500000}]}",
	  "  ● a/film (1.5 MB) stays: it is in a programme of the ministry.\n" },
	{ "what is due, with its day alone", store_view_why, STRINGS_EN,
	  "{'things':[{'what':'a/"
	  "film','state':'stays','reason':'due','bytes':1,'due_s':1795305600,'used_s':1}]}",
	  "  ● a/film (1 B) stays: it is needed on 2026-11-22.\n" },
	{ "what may go, after how much", store_view_why, STRINGS_EN,
	  "{'things':[{'what':'a/"
	  "360p','state':'may-go','reason':'derived','bytes':9,'before_bytes':2000000,'used_s':"
	  "1795305600}]}",
	  "  ◐ a/360p goes when room is needed, after 2 MB of other things: it can be made again "
	  "here. Last used 2026-11-22 00:00.\n" },
	{ "what is still to come, and when", store_view_why, STRINGS_FR,
	  "{'things':[],'promise':{'text':{'ar':'غدًا','fr':'Il manque 30 Mo\\u001b[2J','en':'x'}}}",
	  "  ◐ Il manque 30 Mo [2J\n" },
	{ "what went", store_view_why, STRINGS_EN,
	  "{'things':[{'what':'a/"
	  "360p','state':'gone','reason':'made-room','bytes':3000,'at_s':1795305600,'cause':'b/"
	  "film'}]}",
	  "  ■ a/360p (3 KB) went on 2026-11-22 00:00 to make room for b/film. It comes back when "
	  "there is room, or when somebody asks for it.\n" },
	{ "a stranger's name cannot steer the terminal", store_view_why, STRINGS_EN,
	  "{'things':[{'what':'a\\u001b[2J','state':'absent','reason':'coming'}]}",
	  "  ○ a [2J is not here yet; it is on its way.\n" },
	{ "French", store_view_evicted, STRINGS_FR, "{'evicted':['a/360p'],'bytes':3000}",
	  "  ■ a/360p\nPlace libérée\u00a0: 3 Ko\n" },
	{ "Arabic", store_view_pin, STRINGS_AR, "{'what':'a','state':'pinned'}",
	  "  ● يبقى a هنا مهما ضاق المكان\n" },
	{ "sound", store_view_verified, STRINGS_EN, "{'bytes':5000000,'bad':0,'mended':0}",
	  "  ● 5 MB read: all of it is sound\n" },
	{ "rotten", store_view_verified, STRINGS_EN, "{'bytes':5000000,'bad':3,'mended':1}",
	  "  ◐ 5 MB read: 3 damaged, 1 of these mended here, the rest is fetched or made again\n" },
	{ "what nobody else has", store_view_verified, STRINGS_EN,
	  "{'bytes':5000000,'bad':4,'mended':1,'lost':2,'damaged':[{'what':'/p/"
	  "a\\u001bb','state':'lost'},{'what':'a/film','state':'comes'},{'what':'a/"
	  "240p','state':'mended'}]}",
	  "  ■ 5 MB read: 4 damaged, 1 of these mended here, 2 that nobody else has\n"
	  "  ■ /p/a b is damaged and nobody else has it: add it again, or remove it with 'wasl "
	  "store "
	  "evict'\n"
	  "  ◐ a/film is damaged; it is fetched or made again\n"
	  "  ◐ a/240p was damaged, and is mended\n" },
	{ "a full store", store_view_status, STRINGS_EN,
	  "{'bytes':900000,'max_bytes':1000000,'disk_free_bytes':5000000000,'complete':2,'segments'"
	  ":7,"
	  "'files':1,'room_bytes':0,'may_go_bytes':0,'pins':['lesson/"
	  "a'],'disk':{'bad':1,'unreadable':1}}",
	  "Lessons and files: 900 KB of 1 MB · free on the disk: 5 GB\n"
	  "  ● Whole files, of the ministry and the school: 2\n"
	  "  ● Segments ready for phones: 7\n"
	  "  ● Files that the school added: 1\n"
	  "  ■ May go when room is needed: 0 B · room now: 0 B\n"
	  "  ■ Disk: not read in full yet · found damaged: 1\n"
	  "  ● Pinned: a\n" },
	{ "an answer of nothing", store_view_why, STRINGS_EN, "{}", "" },
};

static void every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct view v = { .lang = rows[i].lang, .paint = VIEW_PLAIN };
		AUTO_FREE char *quoted = strdup(rows[i].answer);
		for (char *c = quoted; *c; c++)
			*c = *c == '\'' ? '"' : *c;
		CLEANUP(clean_json) json_t *answer = json_loads(quoted, 0, NULL);
		assert_non_null(answer);
		AUTO_FREE char *text = NULL;
		size_t len = 0;
		FILE *to = open_memstream(&text, &len);
		rows[i].show(answer, &v, to);
		fclose(to);
		if (strcmp(text, rows[i].text))
			print_error("%s\n", rows[i].why);
		assert_string_equal(text, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_row) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
