// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/portal/page.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

static const struct {
	const char *name, *text;
} parts[] = {
	{ "item", "<i>{{name}}</i>" },
	{ "loop", "{{>loop}}" },
};

static const char *find(void *data, const char *name, size_t name_len, size_t *len)
{
	const char *text = NULL;
	if (name_len == 4 && memcmp(name, "page", 4) == 0)
		text = data;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (strlen(parts[i].name) == name_len && memcmp(parts[i].name, name, name_len) == 0)
			text = parts[i].text;
	if (text)
		*len = strlen(text);
	return text;
}

#define CONTEXT                                                                                   \
	"{\"name\":\"<a "                                                                         \
	"href='x'>&\\\"\",\"n\":12,\"zero\":0,\"one\":1,\"yes\":true,\"no\":false,\"empty\":[],"  \
	"\"list\":[{\"name\":\"a\"},{\"name\":\"b\"}],\"words\":[\"x\",\"y\"],\"sub\":{\"name\":" \
	"\"s\"},"                                                                                 \
	"\"part\":\"item\",\"nothing\":\"\"}"

static const struct {
	const char *why, *page, *out; /* out NULL: refused */
	enum strings_lang lang;
} rows[] = {
	{ "plain", "<p>hello</p>", "<p>hello</p>", STRINGS_EN },
	{ "escaped", "{{name}}", "&lt;a href=&#39;x&#39;&gt;&amp;&quot;", STRINGS_EN },
	{ "numbers", "{{n}} {{ zero }}", "12 0", STRINGS_EN },
	{ "inside", "{{sub.name}}", "s", STRINGS_EN },
	{ "list", "{{#list}}[{{name}}{{n}}]{{/list}}", "[a12][b12]", STRINGS_EN },
	{ "list of texts", "{{#words}}{{.}},{{/words}}", "x,y,", STRINGS_EN },
	{ "conditions",
	  "{{#yes}}1{{/yes}}{{#no}}2{{/no}}{{^no}}3{{/no}}{{^empty}}4{{/empty}}{{#zero}}5{{/zero}}"
	  "{{#nothing}}6{{/nothing}}{{#missing}}7{{/missing}}{{^missing}}8{{/missing}}",
	  "1348", STRINGS_EN },
	{ "nested", "{{#list}}{{#yes}}{{name}}{{/yes}}{{^yes}}no{{/yes}}{{/list}}", "ab",
	  STRINGS_EN },
	{ "object", "{{#sub}}{{name}}{{/sub}}", "s", STRINGS_EN },
	{ "parts", "{{#list}}{{>item}}{{/list}}", "<i>a</i><i>b</i>", STRINGS_EN },
	{ "part by name", "{{#sub}}{{>*part}}{{/sub}}", "<i>s</i>", STRINGS_EN },
	{ "text", "{{t(\"state.good\")}}", "bon", STRINGS_FR },
	{ "text with a place", "{{t(\"unit.mb\")}}", "12 MB", STRINGS_EN },
	{ "plural", "{{p(\"count.lessons\", n)}}, {{p(\"count.lessons\", one)}}",
	  "12 lessons, 1 lesson", STRINGS_EN },
	{ "Arabic plural", "{{p(\"count.lessons\", n)}}", "12 درسًا", STRINGS_AR },
	{ "escaped place", "{{#sub}}{{t(\"portal.test\")}}{{/sub}}", "portal.test", STRINGS_EN },
	{ "no such value", "{{what}}", NULL, STRINGS_EN },
	{ "no such part", "{{>what}}", NULL, STRINGS_EN },
	{ "not closed", "a {{name", NULL, STRINGS_EN },
	{ "section not closed", "{{#list}}a", NULL, STRINGS_EN },
	{ "section closed wrongly", "{{#list}}a{{/lost}}", NULL, STRINGS_EN },
	{ "end without section", "{{/list}}", NULL, STRINGS_EN },
	{ "endless", "{{>loop}}", NULL, STRINGS_EN },
	{ "plural of a text", "{{p(\"count.lessons\", name)}}", NULL, STRINGS_EN },
	{ "half a call", "{{t(\"unit.mb)}}", NULL, STRINGS_EN },
};

static void every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		json_auto_t *context = json_loads(CONTEXT, 0, NULL);
		AUTO_FREE char *copy = strdup(rows[i].page);
		const struct page_source source = { find, copy };
		AUTO_FREE char *out = NULL;
		size_t len = 0;
		struct fault why = { 0 };
		int r = page_render(&source, "page", rows[i].lang, context, &out, &len, &why);
		if (r != (rows[i].out ? 0 : -EINVAL) || (out && strcmp(out, rows[i].out) != 0))
			print_message("row %zu: %s: %s %s\n", i, rows[i].why, why.text,
				      out ? out : "");
		assert_int_equal(r, rows[i].out ? 0 : -EINVAL);
		if (rows[i].out) {
			assert_string_equal(out, rows[i].out);
			assert_int_equal(len, strlen(out));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_row) };
	return cmocka_run_group_tests_name("portal/page", tests, NULL, NULL);
}
