// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/record/trust_dir.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"
#include "tests/unit/record/kit.h"

static const struct kit_root one = { 1, 10, 3, { 10, 11, 12 } };
static const struct kit_root two = { 2, 20, 3, { 10, 11, 12, 20, 21, 22 } };
static const struct kit_root three = { 3, 20, 2, { 20, 21, 22 } };
static const struct kit_root stranger = { 2, 30, 3, { 30, 31, 32 } };

static char folder[512];

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "%s/wasl-roots-XXXXXX",
		 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	return mkdtemp(folder) && setenv("WASL_ROOT", folder, 1) == 0 ? 0 : -1;
}

static int drop_folder(void **state)
{
	(void)state;
	static const char *const files[] = { "/etc/wasl/root.1", "/var/lib/wasl/roots/2",
					     "/var/lib/wasl/roots/3" };
	static const char *const folders[] = { "/etc/wasl",     "/etc",     "/var/lib/wasl/roots",
					       "/var/lib/wasl", "/var/lib", "/var" };
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		unlink(paths_at("%s", files[i]).at);
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		rmdir(paths_at("%s", folders[i]).at);
	return rmdir(folder);
}

static void put(const char *at, const struct kit_root *plan)
{
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	kit_root_bytes(plan, &bytes, &len);
	struct path parent = paths_at("%s", at);
	*strrchr(parent.at, '/') = '\0';
	assert_int_equal(paths_mkdir(parent.at, 0755, NULL), 0);
	assert_int_equal(fileio_replace(paths_at("%s", at).at, bytes, len, 0644, NULL), 0);
}

static int keep(struct trust *t, const struct kit_root *plan)
{
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	kit_root_bytes(plan, &bytes, &len);
	return trust_dir_keep(t, bytes, len, NULL);
}

static uint32_t version_now(void)
{
	CLEANUP(clean_trust) struct trust *t = NULL;
	assert_int_equal(trust_dir_open(&t, NULL), 0);
	return trust_version(t);
}

static void says_what_to_do_without_a_pinned_root(void **state)
{
	(void)state;
	struct trust *t = NULL;
	struct fault why = { 0 };
	assert_int_equal(trust_dir_open(&t, &why), -ENOENT);
	assert_string_equal(why.id, "root.missing");
	assert_non_null(strstr(why.text, "/etc/wasl/root.1"));
	put("/etc/wasl/root.1", &one);
	assert_int_equal(truncate(paths_at("/etc/wasl/root.1").at, 40), 0);
	assert_int_equal(trust_dir_open(&t, &why), -EBADMSG);
	assert_string_equal(why.id, "root.bad");
	assert_non_null(strstr(why.text, "/etc/wasl/root.1"));
	assert_null(t);
}

static void walks_as_far_as_the_files_go(void **state)
{
	(void)state;
	put("/etc/wasl/root.1", &one);
	assert_int_equal(version_now(), 1);
	put("/var/lib/wasl/roots/3", &three); /* 2 is missing: never skipped */
	assert_int_equal(version_now(), 1);
	put("/var/lib/wasl/roots/2", &stranger);
	assert_int_equal(version_now(), 1);
	put("/var/lib/wasl/roots/2", &one); /* an old one under a new name */
	assert_int_equal(version_now(), 1);
	put("/var/lib/wasl/roots/2", &two);
	assert_int_equal(version_now(), 3);
}

static void keeps_what_was_stepped_to(void **state)
{
	(void)state;
	put("/etc/wasl/root.1", &one);
	CLEANUP(clean_trust) struct trust *t = NULL;
	assert_int_equal(trust_dir_open(&t, NULL), 0);
	CLEANUP(clean_trust) struct trust *other = NULL;
	assert_int_equal(trust_dir_open(&other, NULL), 0);
	assert_int_equal(keep(t, &stranger), -EKEYREJECTED);
	assert_int_equal(keep(t, &three), -EKEYREJECTED);
	assert_int_equal(version_now(), 1);
	assert_int_equal(keep(t, &two), 0);
	assert_int_equal(version_now(), 2);
	assert_int_equal(keep(t, &two), -ESTALE);
	assert_int_equal(keep(t, &three), 0);
	assert_int_equal(version_now(), 3);
	/* Another daemon sees them when it looks again. */
	assert_int_equal(trust_version(other), 1);
	assert_int_equal(trust_dir_refresh(other), 2);
	assert_int_equal(trust_version(other), 3);
	assert_int_equal(trust_dir_refresh(other), 0);
}

/* Somebody who has a key that root 2 withdrew, and a program that began under root 1. */
static void a_withdrawn_key_signs_nothing_more(void **state)
{
	(void)state;
	const unsigned stolen[] = { kit_role_key(TRUST_MANAGE, 0), 0 };
	AUTO_FREE void *root = NULL, *record = NULL;
	const void *body = NULL;
	size_t root_len = 0, len = 0, body_len = 0;
	put("/etc/wasl/root.1", &one);
	kit_sign(SIGNED_SETTINGS, "any", 3, stolen, &record, &len);
	CLEANUP(clean_trust) struct trust *t = NULL;
	assert_int_equal(trust_dir_open(&t, NULL), 0);
	assert_int_equal(trust_dir_check(t, SIGNED_SETTINGS, record, len, &body, &body_len, NULL),
			 0);

	wasl_Root without = kit_root_message(&two);
	const struct signed_key fresh = kit_key(99);
	memcpy(without.roles[TRUST_MANAGE].public_keys[0]->bytes, fresh.public_key, 32);
	kit_root_sign(&without, two.signers, &root, &root_len);
	assert_int_equal(paths_mkdir(paths_at("/var/lib/wasl/roots").at, 0755, NULL), 0);
	assert_int_equal(fileio_replace(paths_at("/var/lib/wasl/roots/2").at, root, root_len, 0644,
					NULL),
			 0);
	assert_int_equal(trust_dir_check(t, SIGNED_SETTINGS, record, len, &body, &body_len, NULL),
			 -EKEYREJECTED);
	/* What was taken before is not forgotten by it. */
	assert_int_equal(trust_dir_recheck(SIGNED_SETTINGS, record, len, &body, &body_len, NULL),
			 0);
}

static void replaces_a_broken_file(void **state)
{
	(void)state;
	put("/etc/wasl/root.1", &one);
	put("/var/lib/wasl/roots/2", &two);
	assert_int_equal(truncate(paths_at("/var/lib/wasl/roots/2").at, 99), 0);
	CLEANUP(clean_trust) struct trust *t = NULL;
	assert_int_equal(trust_dir_open(&t, NULL), 0);
	assert_int_equal(trust_version(t), 1);
	assert_int_equal(keep(t, &two), 0);
	assert_int_equal(version_now(), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(says_what_to_do_without_a_pinned_root, make_folder,
						drop_folder),
		cmocka_unit_test_setup_teardown(walks_as_far_as_the_files_go, make_folder,
						drop_folder),
		cmocka_unit_test_setup_teardown(keeps_what_was_stepped_to, make_folder,
						drop_folder),
		cmocka_unit_test_setup_teardown(a_withdrawn_key_signs_nothing_more, make_folder,
						drop_folder),
		cmocka_unit_test_setup_teardown(replaces_a_broken_file, make_folder, drop_folder),
	};
	return cmocka_run_group_tests_name("record/trust_dir", tests, NULL, NULL);
}
