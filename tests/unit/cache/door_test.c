// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/door/door.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"

static struct door_conf from(const char *text)
{
	struct door_conf c = { 0 };
	struct fault why = { 0 };
	conf_defaults(&door_schema, &c);
	if (conf_parse(&door_schema, "test", text, strlen(text), &c, &why))
		fail_msg("%s", why.text);
	return c;
}

static void addresses(void **state)
{
	(void)state;
	static const struct {
		const char *listen;
		int want;
	} rows[] = {
		{ "0.0.0.0", 0 },          { "10.0.0.1", 0 },         { "[::]", 0 },
		{ "[fd00::1]", 0 },        { "::", -EINVAL },         { "10.0.0.1:80", -EINVAL },
		{ "", -EINVAL },           { "[", -EINVAL },          { "[]", -EINVAL },
		{ "box", -EINVAL },        { "0.0.0.0; x", -EINVAL }, { "[::]; x]", -EINVAL },
		{ "[10.0.0.1]", -EINVAL },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct door_conf c = from("");
		struct fault why = { 0 };
		snprintf(c.door.listen, sizeof(c.door.listen), "%s", rows[i].listen);
		if (door_check(&c, &why) != rows[i].want)
			fail_msg("'%s': %s", rows[i].listen, why.text);
	}
}

/* The name stands in the web server's configuration, too: one word, and nothing that means something there. */
static void names(void **state)
{
	(void)state;
	static const struct {
		const char *portal;
		int want;
	} rows[] = {
		{ "madrasa", 0 },           { "ecole-7", 0 },      { "", -EINVAL },
		{ "-ecole", -EINVAL },      { "Ecole", -EINVAL },  { "a b", -EINVAL },
		{ "x\"; root /", -EINVAL }, { "$uri", -EINVAL },   { "@ROOT@", -EINVAL },
		{ "madrasa/", -EINVAL },    { "école", -EINVAL },  { "localhost", -EINVAL },
		{ "8080", -EINVAL },        { "ecole-", -EINVAL }, { "7b", 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct door_conf c = from("");
		struct fault why = { 0 };
		snprintf(c.wall.portal, sizeof(c.wall.portal), "%s", rows[i].portal);
		if (door_check(&c, &why) != rows[i].want)
			fail_msg("'%s': %s", rows[i].portal, why.text);
	}
}

/* --- a template, and programs that play nginx ------------------------------------------------------- */

struct house {
	char top[64], parts[96], good[96], bad[96];
};

static void put(const char *path, const char *text, unsigned mode)
{
	struct fault why = { 0 };
	if (fileio_replace(path, text, strlen(text), mode, &why))
		fail_msg("%s", why.text);
}

static int set_up(void **state)
{
	struct house *h = calloc(1, sizeof(*h));
	char path[160];
	snprintf(h->top, sizeof(h->top), "/tmp/door-XXXXXX");
	assert_non_null(mkdtemp(h->top));
	setenv("WASL_ROOT", h->top, 1);
	snprintf(h->parts, sizeof(h->parts), "%s/parts", h->top);
	snprintf(h->good, sizeof(h->good), "%s/good", h->top);
	snprintf(h->bad, sizeof(h->bad), "%s/bad", h->top);
	assert_int_equal(mkdir(h->parts, 0755), 0);
	snprintf(path, sizeof(path), "%s/nginx.conf.in", h->parts);
	put(path, "@WORKERS@ @NAME@ @LISTEN@:@PORT@ @PARTS@ @MODULE@ @ROOT@\n", 0644);
	put(h->good, "#!/bin/sh\n[ \"$1 $2 $3\" = '-t -q -c' ] && [ -s \"$4\" ]\n", 0755);
	put(h->bad, "#!/bin/sh\necho 'line 7 is wrong' >&2\necho more >&2\nexit 1\n", 0755);
	*state = h;
	return 0;
}

static int tear_down(void **state)
{
	struct house *h = *state;
	static const char *const names[] = { "parts/nginx.conf.in", "good", "bad",
					     "run/wasl-nginx/nginx.conf",
					     "run/wasl-nginx/nginx.conf.new" };
	static const char *const folders[] = { "run/wasl-nginx", "run", "parts", "." };
	char path[160];
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", h->top, names[i]);
		unlink(path);
	}
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		snprintf(path, sizeof(path), "%s/%s", h->top, folders[i]);
		rmdir(path);
	}
	rmdir(h->top);
	unsetenv("WASL_ROOT");
	free(h);
	return 0;
}

static void text_of(const struct house *h, const char *name, char *out, size_t room)
{
	char path[160];
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	snprintf(path, sizeof(path), "%s/run/wasl-nginx/%s", h->top, name);
	if (fileio_read(path, room, &bytes, &len, NULL))
		len = 0;
	snprintf(out, room, "%.*s", (int)len, len ? (const char *)bytes : "");
}

static void what_is_refused_replaces_nothing(void **state)
{
	const struct house *h = *state;
	const struct door_places good = { h->parts, "/m.so", h->good };
	const struct door_places bad = { h->parts, "/m.so", h->bad };
	const struct door_places none = { h->parts, "/m.so", "/nonexistent/nginx" };
	struct door_conf c = from("[door]\nport = 8080\nworkers = 2\n[wall]\nportal = dars\n");
	struct fault why = { 0 };
	char text[512], want[512];

	if (door_write(&c, &good, &why))
		fail_msg("%s", why.text);
	snprintf(want, sizeof(want), "2 dars 0.0.0.0:8080 %s/conf /m.so %s/run/wasl-nginx\n",
		 h->parts, h->top);
	text_of(h, "nginx.conf", text, sizeof(text));
	assert_string_equal(text, want);

	c = from("[door]\nport = 81\n");
	assert_int_equal(door_write(&c, &bad, &why), -EINVAL);
	assert_non_null(strstr(why.text, "line 7 is wrong"));
	assert_null(strstr(why.text, "more"));
	assert_int_equal(door_write(&c, &none, &why), -ENOENT);
	text_of(h, "nginx.conf", text, sizeof(text));
	assert_string_equal(text, want);
	text_of(h, "nginx.conf.new", text, sizeof(text));
	assert_string_equal(text, "");

	if (door_write(&c, &good, &why))
		fail_msg("%s", why.text);
	text_of(h, "nginx.conf", text, sizeof(text));
	assert_non_null(strstr(text, "auto madrasa 0.0.0.0:81 "));
}

static void a_place_without_a_value(void **state)
{
	const struct house *h = *state;
	const struct door_places places = { h->parts, "/m.so", h->good };
	struct door_conf c = from("");
	struct fault why = { 0 };
	char path[160];
	char *text = NULL;
	snprintf(path, sizeof(path), "%s/nginx.conf.in", h->parts);
	put(path, "@NOBODY@", 0644);
	assert_int_equal(door_text(&c, &places, &text, &why), -ENOENT);
	assert_non_null(strstr(why.text, "@NOBODY@"));
	assert_non_null(strstr(why.text, path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(names),
		cmocka_unit_test_setup_teardown(what_is_refused_replaces_nothing, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_place_without_a_value, set_up, tear_down),
	};
	return cmocka_run_group_tests_name("cache_door", tests, NULL, NULL);
}
