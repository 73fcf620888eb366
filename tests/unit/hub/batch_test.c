// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/batch.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"

struct world {
	char top[64];
};

static char said[1024];

static void note(const struct fault *why)
{
	const size_t have = strlen(said);
	snprintf(said + have, sizeof(said) - have, "%s\n", why->text);
}

static int make_world(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	snprintf(w->top, sizeof(w->top), "/tmp/wasl-batch-XXXXXX");
	said[0] = '\0';
	*state = w;
	return mkdtemp(w->top) ? 0 : -1;
}

static const char *const names[] = { "list.csv", "b.mp4", "a.pdf", "a.json", "c.pdf", ".d.mp4" };

static int drop_world(void **state)
{
	struct world *w = *state;
	char path[128];
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", w->top, names[i]);
		unlink(path);
	}
	int r = rmdir(w->top);
	free(w);
	return r;
}

static int read_table(const struct world *w, const char *text, struct batch *out, struct fault *why)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/list.csv", w->top);
	assert_int_equal(fileio_replace(path, text, strlen(text), 0644, NULL), 0);
	return batch_table(path, note, out, why);
}

static void a_line_says_what_a_json_would(void **state)
{
	const struct world *w = *state;
	struct batch b = { 0 };
	char path[128];
	assert_int_equal(read_table(w,
				    "file,title_ar,grade,order,attachments,subject\n"
				    "b.mp4,\"أ, ب\",4,x,a.pdf|c.pdf,\n"
				    "/somewhere/c.mp4,,,,,\n",
				    &b, NULL),
			 0);
	assert_int_equal(b.count, 2);
	assert_int_equal(b.bad, 0);
	snprintf(path, sizeof(path), "%s/b.mp4", w->top);
	assert_string_equal(b.all[0].path, path);
	assert_string_equal(b.all[1].path, "/somewhere/c.mp4");
	AUTO_FREE char *facts = json_dumps(b.all[0].facts, JSON_COMPACT | JSON_SORT_KEYS);
	/* A number that is none is left as it is, for who names the field that is wrong. */
	assert_string_equal(facts, "{\"attachments\":[\"a.pdf\",\"c.pdf\"],\"grade\":4,"
				   "\"order\":\"x\",\"title\":{\"ar\":\"أ, ب\"}}");
	assert_int_equal(json_object_size(b.all[1].facts), 0);
	assert_non_null(strstr(b.all[0].where, "list.csv line 2"));
	batch_done(&b);
}

static void what_cannot_be_used_is_told(void **state)
{
	static const struct {
		const char *text;
		int code;
		const char *says;
	} rows[] = {
		{ "", -EINVAL, "empty" },
		{ "title_ar\nx\n", -EINVAL, "'file'" },
		{ "file,file\nx,y\n", -EINVAL, "twice" },
		{ "file,colour\nx,red\n", -EINVAL, "colour" },
		{ "file\n", -ENOENT, "names no file" },
	};
	const struct world *w = *state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct batch b = { 0 };
		struct fault why = { 0 };
		assert_int_equal(read_table(w, rows[i].text, &b, &why), rows[i].code);
		if (!strstr(why.text, rows[i].says))
			fail_msg("row %zu: %s", i, why.text);
		assert_int_equal(b.count, 0);
	}
	struct batch b = { 0 };
	assert_int_equal(read_table(w, "file;id\n;x\nb.mp4;\xff\nb.mp4;y\n", &b, NULL), 0);
	assert_int_equal(b.count, 1);
	assert_int_equal(b.bad, 2);
	assert_non_null(strstr(said, "line 2: it names no file"));
	assert_non_null(strstr(said, "line 3: 'id' is not UTF-8"));
	batch_done(&b);
}

static void a_folder_has_films_and_documents_that_speak(void **state)
{
	const struct world *w = *state;
	struct batch b = { 0 };
	char path[128];
	assert_int_equal(batch_folder(w->top, &b, NULL), -ENOENT);
	for (size_t i = 1; i < ARRAY_LEN(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", w->top, names[i]);
		assert_int_equal(fileio_replace(path, "{}", 2, 0644, NULL), 0);
	}
	assert_int_equal(batch_folder(w->top, &b, NULL), 0);
	assert_int_equal(b.count, 2);
	assert_non_null(strstr(b.all[0].path, "/a.pdf"));
	assert_non_null(strstr(b.all[1].path, "/b.mp4"));
	batch_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_line_says_what_a_json_would, make_world,
						drop_world),
		cmocka_unit_test_setup_teardown(what_cannot_be_used_is_told, make_world,
						drop_world),
		cmocka_unit_test_setup_teardown(a_folder_has_films_and_documents_that_speak,
						make_world, drop_world),
	};
	return cmocka_run_group_tests_name("hub/batch", tests, NULL, NULL);
}
