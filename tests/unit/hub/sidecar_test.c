// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/sidecar.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <pb_decode.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"

static char folder[64];

static void path_of(const char *name, char out[static 256])
{
	snprintf(out, 256, "%s/%s", folder, name);
}

static void put(const char *name, const char *text)
{
	char path[256];
	path_of(name, path);
	assert_int_equal(fileio_replace(path, text, strlen(text), 0600, NULL), 0);
}

static int setup(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/wasl-sidecar-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static const char *const used[] = { "My_Film.mp4",    "My_Film.json", "My_Film.ar.vtt",
				    "My_Film.fr.vtt", "My_Film.jpg",  "a.pdf",
				    "talk.srt" };

static int teardown(void **state)
{
	(void)state;
	char path[256];
	for (size_t i = 0; i < ARRAY_LEN(used); i++) {
		path_of(used[i], path);
		unlink(path);
	}
	return rmdir(folder);
}

static int read_film(wasl_Item *item, struct sidecar *out, struct fault *why)
{
	char path[256];
	path_of("My_Film.mp4", path);
	*item = (wasl_Item)wasl_Item_init_zero;
	return sidecar_read(path, item, out, why);
}

static void a_film_alone_is_named_by_its_file(void **state)
{
	(void)state;
	wasl_Item item;
	AUTO_FREE struct sidecar *s = calloc(1, sizeof(*s));
	struct fault why = { 0 };
	assert_int_equal(read_film(&item, s, &why), 0);
	assert_string_equal(item.id, "my-film");
	assert_string_equal(item.title.ar, "My Film");
	assert_string_equal(item.title.en, "My Film");
	assert_string_equal(item.subject, "general");
	assert_int_equal(item.kind, 1);
	assert_int_equal(s->caption_count + s->attachment_count, 0);
	assert_string_equal(s->poster, "");
	pb_release(wasl_Item_fields, &item);
}

static void everything_beside_it_is_taken(void **state)
{
	(void)state;
	wasl_Item item;
	AUTO_FREE struct sidecar *s = calloc(1, sizeof(*s));
	struct fault why = { 0 };
	put("My_Film.json",
	    "{\"id\":\"x-1\",\"title\":{\"ar\":\"درس\",\"fr\":\"Leçon\"},\"subject\":"
	    "\"mathematics\",\"grade\":4,"
	    "\"unit\":\"u\",\"order\":7,\"language\":\"ar\",\"licence\":\"CC0-1.0\","
	    "\"attribution\":\"Wasl\","
	    "\"attachments\":[\"a.pdf\"],\"captions\":{\"fr\":\"talk.srt\"},\"summary\":{\"en\":"
	    "\"s\"},\"unknown field\":1}");
	put("My_Film.fr.vtt", "WEBVTT\n");
	put("My_Film.ar.vtt", "\xef\xbb\xbfWEBVTT - x\n");
	put("My_Film.jpg", "x");
	put("a.pdf", "x");
	put("talk.srt", "1\n");
	assert_int_equal(read_film(&item, s, &why), 0);
	assert_string_equal(item.id, "x-1");
	assert_string_equal(item.title.ar, "درس");
	assert_string_equal(item.title.fr, "Leçon");
	assert_string_equal(item.title.en, "");
	assert_string_equal(item.summary.en, "s");
	assert_int_equal(item.grade, 4);
	assert_int_equal(item.order, 7);
	assert_string_equal(item.attribution, "Wasl");
	assert_int_equal(s->caption_count, 2);
	assert_string_equal(s->captions[0].language, "ar");
	assert_true(sidecar_is_vtt(s->captions[0].path));
	assert_string_equal(s->captions[1].language, "fr");
	assert_non_null(strstr(s->captions[1].path, "talk.srt")); /* before what lies beside */
	assert_false(sidecar_is_vtt(s->captions[1].path));
	assert_int_equal(s->attachment_count, 1);
	assert_string_equal(s->attachments[0].name, "a.pdf");
	assert_non_null(strstr(s->poster, "My_Film.jpg"));
	pb_release(wasl_Item_fields, &item);
}

static const struct {
	const char *json, *names;
} bad[] = {
	{ "", "My_Film.json" },
	{ "[]", "object" },
	{ "{\"id\":\"x\",\"id\":\"y\"}", "My_Film.json" },
	{ "{\"id\":\"X\"}", "\"id\"" },
	{ "{\"id\":7}", "\"id\"" },
	{ "{\"id\":\"a/b\"}", "\"id\"" },
	{ "{\"title\":\"x\"}", "\"title\"" },
	{ "{\"title\":{\"de\":\"x\"}}", "\"title\"" },
	{ "{\"title\":{\"ar\":1}}", "\"title\"" },
	{ "{\"grade\":14}", "\"grade\"" },
	{ "{\"grade\":-1}", "\"grade\"" },
	{ "{\"grade\":1.5}", "\"grade\"" },
	{ "{\"subject\":\"Maths\"}", "\"subject\"" },
	{ "{\"attribution\":1}", "\"attribution\"" },
	{ "{\"captions\":\"a.srt\"}", "\"captions\"" },
	{ "{\"captions\":{\"en\":\"../a.srt\"}}", "\"captions\"" },
	{ "{\"captions\":{\"en\":\"a.txt\"}}", "\"captions\"" },
	{ "{\"captions\":{\"e/n\":\"a.srt\"}}", "\"captions\"" },
	{ "{\"captions\":{\"en\":\"none.srt\"}}", "\"captions\"" },
	{ "{\"attachments\":\"a.pdf\"}", "\"attachments\"" },
	{ "{\"attachments\":[\"../a.pdf\"]}", "\"attachments\"" },
	{ "{\"attachments\":[\".hidden\"]}", "\"attachments\"" },
	{ "{\"attachments\":[\"none.pdf\"]}", "\"attachments\"" },
	{ "{\"attachments\":[1]}", "\"attachments\"" },
};

static void what_is_wrong_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		wasl_Item item;
		AUTO_FREE struct sidecar *s = calloc(1, sizeof(*s));
		struct fault why = { 0 };
		put("My_Film.json", bad[i].json);
		int rc = read_film(&item, s, &why);
		if (rc != -EINVAL || !strstr(why.text, bad[i].names))
			fail_msg("%s: %d, %s", bad[i].json, rc, why.text);
		pb_release(wasl_Item_fields, &item);
	}
}

static void captions_must_be_captions(void **state)
{
	(void)state;
	static const char *const texts[] = { "", "WEBVT", "1\n00:00 --> 00:01\nx\n",
					     "WEBVTT\n\xff\n" };
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		wasl_Item item;
		AUTO_FREE struct sidecar *s = calloc(1, sizeof(*s));
		struct fault why = { 0 };
		put("My_Film.ar.vtt", texts[i]);
		assert_int_equal(read_film(&item, s, &why), -EINVAL);
		assert_non_null(strstr(why.text, "My_Film.ar.vtt"));
		pb_release(wasl_Item_fields, &item);
	}
}

static const struct {
	const char *name, *slug;
} slugs[] = {
	{ "Les fractions (1)", "les-fractions-1" },
	{ "--A--b--", "a-b" },
	{ "درس", "" },
	{ "Leçon 3", "le-on-3" },
	{ "0123456789012345678901234567890123456789012345678901234567890123456789",
	  "012345678901234567890123456789012345678901234567890123456789012" },
};

static void names_become_slugs(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(slugs); i++) {
		char got[64];
		sidecar_slug(slugs[i].name, got);
		assert_string_equal(got, slugs[i].slug);
	}
}

static void subjects_have_names(void **state)
{
	(void)state;
	wasl_Text known = wasl_Text_init_zero, unknown = wasl_Text_init_zero;
	assert_int_equal(sidecar_subject("mathematics", &known), 0);
	assert_string_equal(known.ar, "رياضيات");
	assert_int_equal(sidecar_subject("wood-work", &unknown), 0);
	assert_string_equal(unknown.fr, "Wood work");
	pb_release(wasl_Text_fields, &known);
	pb_release(wasl_Text_fields, &unknown);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_film_alone_is_named_by_its_file),
		CASE(everything_beside_it_is_taken),
		CASE(what_is_wrong_is_named),
		CASE(captions_must_be_captions),
		cmocka_unit_test(names_become_slugs),
		cmocka_unit_test(subjects_have_names),
	};
	return cmocka_run_group_tests_name("hub/sidecar", tests, NULL, NULL);
}
