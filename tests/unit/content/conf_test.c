// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/conf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "content/kitchen/kitchen.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

static void defaults_are_good(void **state)
{
	(void)state;
	struct content_conf conf = { 0 };
	uint32_t rungs = 0;
	conf_defaults(&content_schema, &conf);
	assert_int_equal(content_conf_check(&conf, NULL), 0);
	assert_int_equal(content_conf_rungs(conf.kitchen.rungs, &rungs, NULL), 0);
	assert_int_equal(rungs,
			 1u << RUNG_240P | 1u << RUNG_360P | 1u << RUNG_480P | 1u << RUNG_AUDIO);
	assert_string_equal(conf.content.folder, "/var/lib/wasl/content");
	assert_int_equal(conf.origin.streams, 2);
}

static const struct {
	const char *why, *text, *names; /* names NULL: good */
} rows[] = {
	{ "fewer sizes", "[kitchen]\nrungs = 240p, audio\n", NULL },
	{ "an origin", "[origin]\nurl = https://lessons.example/\n", NULL },
	{ "another program's section", "[net]\nwhatever = 1\n", NULL },
	{ "a size that is none", "[kitchen]\nrungs = 240p 4k\n", "4k" },
	{ "sound alone is no ladder", "[kitchen]\nrungs = audio\n", "240p" },
	{ "an origin that is no address", "[origin]\nurl = lessons\n", "http://" },
	{ "too many streams", "[origin]\nstreams = 9\n", "1 to 8" },
	{ "classrooms with their own air",
	  "[classroom main]\n[classroom lab]\naddresses = 192.168.2.0/24\nair_kbps = 8000\n",
	  NULL },
	{ "a classroom without a name", "[classroom]\nair_kbps = 8000\n", "classroom" },
	{ "addresses that are none", "[classroom lab]\naddresses = lab\n", "192.168.2.0/24" },
	{ "two classrooms that are one",
	  "[classroom a]\naddresses = 10.1.2.3/16\n[classroom b]\naddresses = 10.1.0.0/16\n",
	  "same" },
	{ "air that carries nothing", "[classroom a]\nair_kbps = 0\n", "500" },
	{ "a neighbour and a mirror",
	  "[source b]\nurl = http://10.1.2.3\n[source far]\nurl = https://x\nkind = mirror\n",
	  NULL },
	{ "a source that is no address", "[source b]\nurl = 10.1.2.3\n", "[source b]" },
	{ "a source of no kind", "[source b]\nurl = http://x\nkind = friend\n", "friend" },
	{ "boxes that may fetch", "[content]\nneighbours = 10.1.2.3, 10.2.0.0/16 fd00::/8\n",
	  NULL },
	{ "a name is no address", "[content]\nneighbours = madrasa\n", "madrasa" },
	{ "a prefix that is too long", "[content]\nneighbours = 10.1.2.3/33\n", "10.1.2.3/33" },
	{ "something behind the prefix", "[content]\nneighbours = 10.1.2.3/8;\n", "10.1.2.3/8;" },
	{ "no memory to pass through", "[store]\npass = 10\n", "pass" },
	{ "a name that no phone can ask for", "[wall]\nportal = my school\n", "my school" },
	{ "a key that is not there", "[origin]\nstream = 2\n", "stream" },
};

static void every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct content_conf conf = { 0 };
		struct fault why = { 0 };
		conf_defaults(&content_schema, &conf);
		int r = conf_parse(&content_schema, "site.conf", rows[i].text, strlen(rows[i].text),
				   &conf, &why);
		if (r == 0)
			r = content_conf_check(&conf, &why);
		if ((r == 0) != !rows[i].names || (r && !strstr(why.text, rows[i].names)))
			print_message("row %zu: %s: %s\n", i, rows[i].why, why.text);
		assert_int_equal(r == 0, !rows[i].names);
		if (rows[i].names)
			assert_non_null(strstr(why.text, rows[i].names));
	}
}

static void pages_have_the_name_that_leads_to_them(void **state)
{
	(void)state;
	struct content_conf conf = { 0 };
	char address[CONTENT_ADDRESS_ROOM];
	conf_defaults(&content_schema, &conf);
	content_conf_address(&conf, address);
	assert_string_equal(address, "http://madrasa/");
	snprintf(conf.wall.portal, sizeof(conf.wall.portal), "lycee-averroes");
	content_conf_address(&conf, address);
	assert_string_equal(address, "http://lycee-averroes/");
	snprintf(conf.portal.address, sizeof(conf.portal.address), "http://10.0.0.1:8080/");
	content_conf_address(&conf, address);
	assert_string_equal(address, "http://10.0.0.1:8080/");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_good),
		cmocka_unit_test(every_row),
		cmocka_unit_test(pages_have_the_name_that_leads_to_them),
	};
	return cmocka_run_group_tests_name("content/conf", tests, NULL, NULL);
}
