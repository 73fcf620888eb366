// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/book/checks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

enum { DAY = 20780, MINUTE = DAY * 1440 + 600, NTH = 120 };

static void says_what_a_minute_was(void **state)
{
	(void)state;
	static const struct {
		const char *what;
		struct minute_row rows[3];
		bool made, connected;
		enum uplink_layer layer;
		uint32_t rtt_us;
	} rows[] = {
		{ "nobody knows", { { MINUTE, .seconds = { 0, 0, 0, 60 } } }, .made = false },
		{ "no power", { { MINUTE, .seconds = { 0, 0, 60, 0 } } }, .made = false },
		{ "the minute before it", { { MINUTE - 1, .seconds = { 60 } } }, .made = false },
		{ "the day before it", { { MINUTE - 1440, .seconds = { 60 } } }, .made = false },
		{ "up",
		  { { MINUTE, .seconds = { 60 }, .rtt_us = 21000 } },
		  true,
		  true,
		  UPLINK_LAYER_NONE,
		  21000 },
		{ "mostly up",
		  { { MINUTE, .seconds = { 31, 29 }, .layer = UPLINK_LAYER_ISP } },
		  true,
		  true,
		  UPLINK_LAYER_NONE,
		  0 },
		{ "down",
		  { { MINUTE, .seconds = { 20, 40 }, .layer = UPLINK_LAYER_ISP } },
		  true,
		  false,
		  UPLINK_LAYER_ISP,
		  0 },
		{ "power came back in it",
		  { { MINUTE, .seconds = { 10, 0, 50 } } },
		  true,
		  false,
		  UPLINK_LAYER_NONE,
		  0 },
		{ "one of three",
		  { { MINUTE, .seconds = { 0, 60 }, .layer = UPLINK_LAYER_CABLE },
		    { MINUTE, .seconds = { 60 }, .rtt_us = 600000 },
		    { MINUTE, .seconds = { 0, 60 }, .layer = UPLINK_LAYER_ISP } },
		  true,
		  true,
		  UPLINK_LAYER_NONE,
		  600000 },
		{ "who carried most speaks for all",
		  { { MINUTE, .seconds = { 60 }, .rx_bytes = 5, .rtt_us = 1000 },
		    { MINUTE, .seconds = { 60 }, .rx_bytes = 900, .rtt_us = 2000 },
		    { MINUTE, .seconds = { 60 }, .tx_bytes = 6, .rtt_us = 3000 } },
		  true,
		  true,
		  UPLINK_LAYER_NONE,
		  2000 },
		{ "all down: the first that knows why",
		  { { MINUTE, .seconds = { 0, 60 } },
		    { MINUTE, .seconds = { 0, 60 }, .layer = UPLINK_LAYER_PORTAL },
		    { MINUTE, .seconds = { 0, 60 }, .layer = UPLINK_LAYER_ISP } },
		  true,
		  false,
		  UPLINK_LAYER_PORTAL,
		  0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct checks c;
		checks_begin(&c, DAY);
		for (size_t k = 0; k < ARRAY_LEN(rows[i].rows) && rows[i].rows[k].minute; k++)
			checks_add(&c, &rows[i].rows[k]);
		const struct check_result *r = &c.list[NTH];
		if (r->made != rows[i].made || r->connected != rows[i].connected ||
		    r->layer != rows[i].layer || r->rtt_us != rows[i].rtt_us)
			fail_msg("%s: made %d connected %d layer %d rtt %u", rows[i].what, r->made,
				 r->connected, r->layer, r->rtt_us);
		for (size_t k = 0; k < CHECKS_DAY; k++)
			assert_true(k == NTH || !c.list[k].made);
		assert_int_equal(checks_minute(&c, NTH), MINUTE);
	}
}

static void gives_each_check_a_name_of_its_own(void **state)
{
	(void)state;
	static const uint8_t box[CHECKS_BOX_BYTES] = { 1 }, other[CHECKS_BOX_BYTES] = { 2 };
	char a[CHECKS_ID_ROOM], b[CHECKS_ID_ROOM];
	checks_id(box, MINUTE, a);
	checks_id(box, MINUTE, b);
	assert_string_equal(a, b);
	assert_int_equal(strlen(a), CHECKS_ID_ROOM - 1);
	assert_int_equal(a[14], '8');
	assert_non_null(strchr("89ab", a[19]));
	checks_id(box, MINUTE + 5, b);
	assert_string_not_equal(a, b);
	checks_id(other, MINUTE, b);
	assert_string_not_equal(a, b);
	checks_box_id(box, b);
	assert_string_equal(b, "01000000-0000-8000-8000-000000000000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_a_minute_was),
		cmocka_unit_test(gives_each_check_a_name_of_its_own),
	};
	return cmocka_run_group_tests_name("netmgr/checks", tests, NULL, NULL);
}
