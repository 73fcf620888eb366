// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/catalogue/catalogue.h"

#include <errno.h>
#include <unistd.h>

#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"
#include "tests/unit/content/lessons_kit.h"
#include "tests/unit/record/kit.h"

CLEAN_FN(catalogue, struct catalogue, catalogue_close)

static const unsigned good_keys[] = { 110, 111, 0 }; /* content: two of 110, 111, 112 */
static const struct kit_root root1 = { 1, 10, 3, { 10, 11, 12 } };

struct box {
	char dir[64];
};

static const char *const files[] = { "catalogue", "etc/wasl/root.1", "var/lib/wasl/roots/2" };
static const char *const folders[] = {
	"etc/wasl", "etc", "var/lib/wasl/roots", "var/lib/wasl", "var/lib", "var", ""
};

/* A whole box in one folder, with the pinned root. */
static int make_box(void **state)
{
	static struct box box;
	snprintf(box.dir, sizeof(box.dir), "/tmp/wasl-catalogue-XXXXXX");
	*state = &box;
	if (!mkdtemp(box.dir) || setenv("WASL_ROOT", box.dir, 1) ||
	    paths_mkdir(paths_at("/etc/wasl").at, 0755, NULL) ||
	    paths_mkdir(paths_at("/var/lib/wasl/roots").at, 0755, NULL))
		return -1;
	AUTO_FREE void *root = NULL;
	size_t len = 0;
	kit_root_bytes(&root1, &root, &len);
	return fileio_replace(paths_at("/etc/wasl/root.1").at, root, len, 0644, NULL);
}

static int drop_box(void **state)
{
	const struct box *box = *state;
	char path[128];
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", box->dir, files[i]);
		unlink(path);
	}
	int r = 0;
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		snprintf(path, sizeof(path), "%s/%s", box->dir, folders[i]);
		r |= rmdir(path);
	}
	return r;
}

static struct catalogue *open_in(const struct box *box)
{
	struct catalogue *c = NULL;
	assert_int_equal(catalogue_open(box->dir, &c, NULL), 0);
	return c;
}

static void make_record(uint32_t version, const char *title, const unsigned *keys, void **out,
			size_t *len)
{
	struct lessons_kit k;
	lessons_kit_make(&k);
	k.catalogue.version = version;
	k.items[0].title.en = lessons_kit_text(&k, title);
	AUTO_FREE void *body = NULL;
	size_t body_len = 0;
	assert_int_equal(codec_encode(wasl_Catalogue_fields, &k.catalogue, &body, &body_len, NULL),
			 0);
	kit_sign(SIGNED_CATALOGUE, body, body_len, keys, out, len);
}

static int offer(struct catalogue *c, uint32_t version, const char *title, const unsigned *keys)
{
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	make_record(version, title, keys, &bytes, &len);
	return catalogue_offer(c, bytes, len, NULL);
}

static void takes_newer_and_keeps_it(void **state)
{
	CLEANUP(clean_catalogue) struct catalogue *c = open_in(*state);
	struct fault why = { 0 };
	assert_int_equal(catalogue_load(c, &why), -ENOENT);
	assert_null(catalogue_get(c));
	assert_int_equal(offer(c, 3, "a", good_keys), 0);
	assert_int_equal(catalogue_version(c), 3);
	assert_int_equal(offer(c, 5, "b", good_keys), 0);
	assert_string_equal(catalogue_get(c)->items[0].title.en, "b");

	CLEANUP(clean_catalogue) struct catalogue *again = open_in(*state);
	assert_int_equal(catalogue_load(again, NULL), 0);
	assert_int_equal(catalogue_version(again), 5);
	assert_string_equal(catalogue_country(again), "TN");
}

static void refuses_and_keeps_the_old_one(void **state)
{
	static const unsigned one_key[] = { 110, 0 }, other_role[] = { 120, 121, 0 };
	static const unsigned more_keys[] = { 110, 111, 112, 0 };
	CLEANUP(clean_catalogue) struct catalogue *c = open_in(*state);
	assert_int_equal(offer(c, 5, "a", good_keys), 0);
	assert_int_equal(offer(c, 5, "a", good_keys), -EALREADY);
	assert_int_equal(offer(c, 5, "a", more_keys), -EALREADY);
	assert_int_equal(offer(c, 5, "b", good_keys), -EEXIST);
	assert_int_equal(offer(c, 4, "b", good_keys), -ESTALE);
	assert_int_equal(offer(c, 6, "b", one_key), -EKEYREJECTED);
	assert_int_equal(offer(c, 6, "b", other_role), -EKEYREJECTED);
	assert_int_equal(catalogue_version(c), 5);
	assert_string_equal(catalogue_get(c)->items[0].title.en, "a");
}

static void refuses_any_flipped_or_missing_byte(void **state)
{
	CLEANUP(clean_catalogue) struct catalogue *c = open_in(*state);
	assert_int_equal(offer(c, 5, "a", good_keys), 0);
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	make_record(6, "b", good_keys, &bytes, &len);
	for (size_t i = 0; i < len; i += 7) {
		((uint8_t *)bytes)[i] ^= 0x10;
		assert_true(catalogue_offer(c, bytes, len, NULL) < 0);
		((uint8_t *)bytes)[i] ^= 0x10;
		assert_true(catalogue_offer(c, bytes, i, NULL) < 0);
	}
	assert_int_equal(catalogue_version(c), 5);
	assert_int_equal(catalogue_offer(c, bytes, len, NULL), 0);
}

static void a_kept_one_is_verified_again(void **state)
{
	const struct box *box = *state;
	char path[128];
	snprintf(path, sizeof(path), "%s/catalogue", box->dir);
	{
		CLEANUP(clean_catalogue) struct catalogue *c = open_in(box);
		assert_int_equal(offer(c, 5, "a", good_keys), 0);
	}
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	assert_int_equal(fileio_read(path, SIGNED_LIMIT_BYTES, &bytes, &len, NULL), 0);
	((uint8_t *)bytes)[len - 1] ^= 1;
	assert_int_equal(fileio_replace(path, bytes, len, 0644, NULL), 0);
	CLEANUP(clean_catalogue) struct catalogue *c = open_in(box);
	struct fault why = { 0 };
	assert_int_equal(catalogue_load(c, &why), -EKEYREJECTED);
	assert_non_null(strstr(why.text, path));
	assert_null(catalogue_get(c));
	assert_int_equal(offer(c, 4, "a", good_keys), 0);
}

/* Root 2 gives the content role to other keys. */
static void root2(void **bytes, size_t *len)
{
	static const unsigned signers[] = { 10, 11, 12, 0 };
	const struct kit_root plan = { 2, 10, 3, { 0 } };
	wasl_Root root = kit_root_message(&plan);
	for (size_t i = 0; i < 3; i++) {
		struct signed_key key = kit_key(210 + (unsigned)i);
		memcpy(root.roles[TRUST_CONTENT].public_keys[i]->bytes, key.public_key, 32);
	}
	kit_root_sign(&root, signers, bytes, len);
}

/* Without the pinned root nothing can be trusted. */
static void a_box_without_root_says_so(void **state)
{
	const struct box *box = *state;
	unlink(paths_at("/etc/wasl/root.1").at);
	struct catalogue *c = NULL;
	struct fault why = { 0 };
	assert_int_equal(catalogue_open(box->dir, &c, &why), -ENOENT);
	assert_non_null(strstr(why.text, "root.1"));
}

static void keys_change_and_lessons_stay(void **state)
{
	static const unsigned new_keys[] = { 210, 211, 0 };
	AUTO_FREE void *next = NULL;
	size_t len = 0;
	root2(&next, &len);
	CLEANUP(clean_catalogue) struct catalogue *c = open_in(*state);
	assert_int_equal(offer(c, 5, "a", good_keys), 0);
	assert_int_equal(catalogue_next_root(c), 2);
	assert_int_equal(catalogue_offer_root(c, next, len - 1, NULL), -EBADMSG);
	assert_int_equal(catalogue_offer_root(c, next, len, NULL), 0);
	assert_int_equal(catalogue_next_root(c), 3);
	assert_int_equal(offer(c, 6, "b", good_keys), -EKEYREJECTED);

	CLEANUP(clean_catalogue) struct catalogue *again = open_in(*state);
	assert_int_equal(catalogue_load(again, NULL), 0);
	assert_int_equal(catalogue_version(again), 5);
	assert_int_equal(catalogue_next_root(again), 3);
	assert_int_equal(offer(again, 6, "b", good_keys), -EKEYREJECTED);
	assert_int_equal(offer(again, 6, "b", new_keys), 0);
}

#define BOXED(test) cmocka_unit_test_setup_teardown(test, make_box, drop_box)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOXED(takes_newer_and_keeps_it),
		BOXED(refuses_and_keeps_the_old_one),
		BOXED(refuses_any_flipped_or_missing_byte),
		BOXED(a_kept_one_is_verified_again),
		BOXED(keys_change_and_lessons_stay),
		BOXED(a_box_without_root_says_so),
	};
	return cmocka_run_group_tests_name("content/catalogue", tests, NULL, NULL);
}
