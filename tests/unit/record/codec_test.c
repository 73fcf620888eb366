// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/record/kit.h"

#include <errno.h>

#include "firmware/record/catalogue.pb.h"
#include "firmware/record/enrol.pb.h"
#include "firmware/record/manage.pb.h"
#include "firmware/record/report.pb.h"

static char *text(const char *s)
{
	char *copy = strdup(s);
	assert_non_null(copy);
	return copy;
}

/*
 * A catalogue with every shape of field that the schemas use: nested, repeated, pointers to
 * texts.
 */
static wasl_Catalogue sample(const char *arabic)
{
	wasl_Catalogue c = {
		.version = 7, .items_count = 2, .programmes_count = 1, .subjects_id_count = 2
	};
	c.items = calloc(2, sizeof(*c.items));
	c.programmes = calloc(1, sizeof(*c.programmes));
	c.subjects_id = calloc(2, sizeof(*c.subjects_id));
	assert_true(c.items && c.programmes && c.subjects_id);
	snprintf(c.items[0].id, sizeof(c.items[0].id), "waves");
	c.items[0].has_title = true;
	c.items[0].title.ar = text(arabic);
	c.items[1].has_plan = true;
	c.items[1].plan.segments_count = 300;
	c.items[1].plan.segments = calloc(300, sizeof(*c.items[1].plan.segments));
	assert_non_null(c.items[1].plan.segments);
	c.items[1].plan.segments[299].byte_len = 12345;
	c.programmes[0].item_ids_count = 1;
	c.programmes[0].item_ids = calloc(1, sizeof(char *));
	assert_non_null(c.programmes[0].item_ids);
	c.programmes[0].item_ids[0] = text("waves");
	c.subjects_id[0] = text("physics");
	c.subjects_id[1] = text("mathematics");
	return c;
}

static void brings_a_catalogue_there_and_back(void **state)
{
	(void)state;
	wasl_Catalogue c = sample("الموجات"), back;
	AUTO_FREE
	void *bytes = NULL;
	size_t len = 0;
	assert_int_equal(codec_encode(wasl_Catalogue_fields, &c, &bytes, &len, NULL), 0);
	pb_release(wasl_Catalogue_fields, &c);
	assert_int_equal(codec_decode(wasl_Catalogue_fields, bytes, len, &back, NULL), 0);
	assert_int_equal(back.version, 7);
	assert_int_equal(back.items_count, 2);
	assert_string_equal(back.items[0].id, "waves");
	assert_string_equal(back.items[0].title.ar, "الموجات");
	assert_int_equal(back.items[1].plan.segments_count, 300);
	assert_int_equal(back.items[1].plan.segments[299].byte_len, 12345);
	assert_string_equal(back.programmes[0].item_ids[0], "waves");
	assert_string_equal(back.subjects_id[1], "mathematics");
	pb_release(wasl_Catalogue_fields, &back);
}

static void refuses_texts_that_are_not_utf8_wherever_they_stand(void **state)
{
	(void)state;
	static const char bad[] = "a\xff";
	for (unsigned where = 0; where < 5; where++) {
		wasl_Catalogue c = sample(where == 0 ? bad : "ok"), back;
		if (where == 1)
			snprintf(c.items[1].licence, sizeof(c.items[1].licence), "%s", bad);
		if (where == 2)
			snprintf(c.region, sizeof(c.region), "%s", bad);
		char **slot = where == 3   ? &c.subjects_id[1]
			      : where == 4 ? &c.programmes[0].item_ids[0]
					   : NULL;
		if (slot) {
			free(*slot);
			*slot = text(bad);
		}
		AUTO_FREE
		void *bytes = NULL;
		size_t len = 0;
		assert_int_equal(codec_encode(wasl_Catalogue_fields, &c, &bytes, &len, NULL), 0);
		pb_release(wasl_Catalogue_fields, &c);
		struct fault why = { 0 };
		assert_int_equal(codec_decode(wasl_Catalogue_fields, bytes, len, &back, &why),
				 -EBADMSG);
		assert_string_equal(why.id, "codec.utf8");
	}
}

/*
 * Every truncation is either refused or a shorter valid message; nothing leaks either way (asan
 * says).
 */
static void survives_every_truncation_and_flipped_byte(void **state)
{
	(void)state;
	wasl_Catalogue c = sample("الموجات"), back;
	AUTO_FREE
	void *bytes = NULL;
	size_t len = 0;
	assert_int_equal(codec_encode(wasl_Catalogue_fields, &c, &bytes, &len, NULL), 0);
	pb_release(wasl_Catalogue_fields, &c);
	for (size_t n = 0; n < len; n++) {
		if (codec_decode(wasl_Catalogue_fields, bytes, n, &back, NULL) == 0)
			pb_release(wasl_Catalogue_fields, &back);
	}
	uint8_t *at = bytes;
	for (size_t i = 0; i < len; i++) {
		at[i] ^= 0x80;
		if (codec_decode(wasl_Catalogue_fields, bytes, len, &back, NULL) == 0)
			pb_release(wasl_Catalogue_fields, &back);
		at[i] ^= 0x80;
	}
	assert_int_equal(codec_decode(wasl_Catalogue_fields, bytes, len, &back, NULL), 0);
	pb_release(wasl_Catalogue_fields, &back);
}

static void reads_an_empty_message(void **state)
{
	(void)state;
	wasl_Settings s;
	memset(&s, 0xff, sizeof(s));
	assert_int_equal(codec_decode(wasl_Settings_fields, "", 0, &s, NULL), 0);
	assert_int_equal(s.version, 0);
	assert_int_equal(s.settings_count, 0);
	AUTO_FREE
	void *bytes = NULL;
	size_t len = 9;
	assert_int_equal(codec_encode(wasl_Settings_fields, &s, &bytes, &len, NULL), 0);
	assert_int_equal(len, 0);
	assert_non_null(bytes);
}

static void refuses_fields_beyond_their_limit(void **state)
{
	(void)state;
	static const struct {
		const pb_msgdesc_t *fields;
		const char *bytes;
		size_t len;
	} rows[] = {
		{ wasl_Receipt_fields,
		  "\x0a\x0f"
		  "123456789012345",
		  17 }, /* device of 15 bytes */
		{ wasl_Receipt_fields,
		  "\x0a\x11"
		  "12345678901234567",
		  19 },                                 /* of 17 */
		{ wasl_Setting_fields, "\x0a\x7f", 2 }, /* a length without the bytes */
		{ wasl_Setting_fields, "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11 },
		{ wasl_Root_fields, "\x22\x81\x01", 3 },
		{ wasl_Event_fields,
		  "\x1a\x21"
		  "123456789012345678901234567890123",
		  35 }, /* kind of 33 characters */
		{ wasl_Close_fields, "\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
		  12 },                               /* a number of 11 bytes */
		{ wasl_Close_fields, "\x00\x00", 2 }, /* field 0 */
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		union {
			wasl_Receipt a;
			wasl_Setting b;
			wasl_Root c;
			wasl_Event d;
			wasl_Close e;
		} *m = calloc(1, sizeof(*m));
		assert_non_null(m);
		assert_int_equal(codec_decode(rows[i].fields, rows[i].bytes, rows[i].len, m, NULL),
				 -EBADMSG);
		free(m);
	}
	AUTO_FREE
	void *big = calloc(1, SIGNED_LIMIT_BYTES + 1);
	wasl_Close close_record;
	assert_int_equal(codec_decode(wasl_Close_fields, big, SIGNED_LIMIT_BYTES + 1, &close_record,
				      NULL),
			 -EBADMSG);
}

static void stops_at_what_sixteen_bits_hold(void **state)
{
	(void)state;
	pb_size_t count = 0;
	struct fault why = { 0 };
	assert_int_equal(codec_count(65535, &count, NULL), 0);
	assert_int_equal(count, 65535);
	assert_int_equal(codec_count(65536, &count, &why), -EFBIG);
	assert_int_equal(count, 65535);
	assert_true(why.text[0]);
	AUTO_FREE
	uint8_t *big = calloc(1, 65536);
	pb_bytes_array_t *made = NULL;
	assert_int_equal(codec_bytes(big, 65536, &made, NULL), -EFBIG);
	assert_null(made);
	assert_int_equal(codec_bytes(big, 65535, &made, NULL), 0);
	assert_int_equal(made->size, 65535);
	free(made);
	assert_int_equal(codec_bytes(NULL, 0, &made, NULL), 0);
	assert_int_equal(made->size, 0);
	free(made);
}

/*
 * A role that is a number where a message belongs: nanopb would release pointers that nobody set.
 */
static void leaves_memory_alone_that_was_never_set(void **state)
{
	(void)state;
	wasl_Root *root = malloc(sizeof(*root));
	assert_non_null(root);
	memset(root, 0xbe, sizeof(*root));
	assert_int_equal(codec_decode(wasl_Root_fields, "\x18\x01", 2, root, NULL), -EBADMSG);
	memset(root, 0xbe, sizeof(*root));
	assert_int_equal(codec_decode(wasl_Root_fields, "\x1a\x02\x08\x01\x18\x01", 6, root, NULL),
			 -EBADMSG);
	free(root);
}

static void says_what_cannot_be_written(void **state)
{
	(void)state;
	/* A text that fills its array without an end. */
	wasl_Setting setting;
	memset(&setting, 'x', sizeof(setting));
	void *bytes = NULL;
	size_t len = 0;
	struct fault why = { 0 };
	assert_int_equal(codec_encode(wasl_Setting_fields, &setting, &bytes, &len, &why), -EINVAL);
	assert_true(why.text[0]);
	assert_null(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(brings_a_catalogue_there_and_back),
		cmocka_unit_test(refuses_texts_that_are_not_utf8_wherever_they_stand),
		cmocka_unit_test(survives_every_truncation_and_flipped_byte),
		cmocka_unit_test(reads_an_empty_message),
		cmocka_unit_test(refuses_fields_beyond_their_limit),
		cmocka_unit_test(stops_at_what_sixteen_bits_hold),
		cmocka_unit_test(leaves_memory_alone_that_was_never_set),
		cmocka_unit_test(says_what_cannot_be_written),
	};
	return cmocka_run_group_tests_name("record/codec", tests, NULL, NULL);
}
