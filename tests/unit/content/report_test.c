// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/report.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

static void a_disk_that_refuses_is_no_fault_of_the_store(void **state)
{
	(void)state;
	static const struct {
		int code;
		const char *id, *layer;
	} rows[] = {
		{ -ENOSPC, "store.full", "store" }, /* its own limit */
		{ -ENOSPC, "disk.full", "disk" },
		{ -ENOSPC, "db.full", "disk" },
		{ -ENOSPC, "staff.room", "disk" },
		{ -EDQUOT, "portal.write", "disk" },
		{ -EIO, "store.io", "disk" }, /* fsync, or a bad sector */
		{ -EIO, "db.io", "disk" },
		{ -EROFS, "db.readonly", "disk" },
		{ -EAGAIN, "store.making_room", "store" },
		{ -EBADMSG, "store.damaged", "store" },
		{ -ENOMEM, "memory", "store" },
		{ -EACCES, "store.io", "store" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fault why = { 0 };
		fault_set(&why, rows[i].code, rows[i].id, "x");
		if (strcmp(report_layer(&why), rows[i].layer))
			fail_msg("%s: %s", rows[i].id, report_layer(&why));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_disk_that_refuses_is_no_fault_of_the_store),
	};
	return cmocka_run_group_tests_name("content/report", tests, NULL, NULL);
}
