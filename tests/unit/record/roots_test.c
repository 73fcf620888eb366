// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/record/roots.h"

#include <errno.h>
#include <unistd.h>

#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"
#include "tests/unit/record/kit.h"

static const struct kit_root first = { 1, 10, 3, { 10, 11, 12 } };
static const struct kit_root second = { 2, 20, 3, { 10, 11, 12, 20, 21, 22 } };
static const struct kit_root third = { 3, 20, 3, { 20, 21, 22 } };
static const struct kit_root forged = { 3, 30, 3, { 30, 31, 32 } };

static int make_folder(void **state)
{
	char base[] = "/tmp/wasl-roots-XXXXXX";
	if (!mkdtemp(base))
		return -1;
	*state = strdup(base);
	setenv("WASL_ROOT", base, 1);
	return paths_mkdir(paths_at("/etc/wasl").at, 0755, NULL) ||
	       paths_mkdir(paths_at("/var/lib/wasl/roots").at, 0755, NULL);
}

static int drop_folder(void **state)
{
	static const char *const files[] = { "/etc/wasl/root.1", "/var/lib/wasl/roots/root.2",
					     "/var/lib/wasl/roots/root.3" };
	static const char *const folders[] = { "/etc/wasl",     "/etc",     "/var/lib/wasl/roots",
					       "/var/lib/wasl", "/var/lib", "/var" };
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		unlink(paths_at("%s", files[i]).at);
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		rmdir(paths_at("%s", folders[i]).at);
	int r = rmdir(*state);
	free(*state);
	unsetenv("WASL_ROOT");
	return r;
}

static void put(const char *path, const struct kit_root *plan)
{
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	kit_root_bytes(plan, &bytes, &len);
	assert_int_equal(fileio_replace(paths_at("%s", path).at, bytes, len, 0644, NULL), 0);
}

static void walks_to_the_newest(void **state)
{
	(void)state;
	CLEANUP(clean_trust) struct trust *none = NULL;
	struct fault why = { 0 }, passed = { 0 };
	assert_int_equal(roots_load(&none, &passed, &why), -ENOENT);
	assert_string_equal(why.id, "roots.missing");

	put("/etc/wasl/root.1", &first);
	CLEANUP(clean_trust) struct trust *one = NULL;
	assert_int_equal(roots_load(&one, &passed, &why), 0);
	assert_int_equal(trust_version(one), 1);
	assert_int_equal(passed.code, 0);

	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	kit_root_bytes(&second, &bytes, &len);
	assert_int_equal(roots_add(one, bytes, len, &why), 0);
	assert_int_equal(roots_add(one, bytes, len, &why), -ESTALE);
	put("/var/lib/wasl/roots/root.3", &third);
	CLEANUP(clean_trust) struct trust *three = NULL;
	assert_int_equal(roots_load(&three, &passed, &why), 0);
	assert_int_equal(trust_version(three), 3);
	assert_int_equal(passed.code, 0);
}

static void stops_before_what_it_cannot_trust(void **state)
{
	(void)state;
	struct fault why = { 0 }, passed = { 0 };
	put("/etc/wasl/root.1", &first);
	put("/var/lib/wasl/roots/root.2", &second);
	put("/var/lib/wasl/roots/root.3", &forged);
	CLEANUP(clean_trust) struct trust *trust = NULL;
	assert_int_equal(roots_load(&trust, &passed, &why), 0);
	assert_int_equal(trust_version(trust), 2);
	assert_int_equal(passed.code, -EKEYREJECTED);
	assert_non_null(strstr(passed.text, "root.3'"));

	assert_int_equal(fileio_replace(paths_at("/etc/wasl/root.1").at, "x", 1, 0644, NULL), 0);
	CLEANUP(clean_trust) struct trust *bad = NULL;
	assert_int_equal(roots_load(&bad, NULL, &why), -EBADMSG);
	assert_non_null(strstr(why.text, "/etc/wasl/root.1'"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(walks_to_the_newest, make_folder, drop_folder),
		cmocka_unit_test_setup_teardown(stops_before_what_it_cannot_trust, make_folder,
						drop_folder),
	};
	return cmocka_run_group_tests_name("record/roots", tests, NULL, NULL);
}
