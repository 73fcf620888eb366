// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/record/evidence.h"

#include <errno.h>

#include "firmware/base/text.h"
#include "tests/unit/record/kit.h"

static const struct evidence_row plain = {
	.number = 120391,
	.minute = 29931125,
	.count = 1,
	.name = "adsl",
	.kind = "dsl",
	.fault = "ISP",
	.seconds = { 58, 2, 0, 0 },
	.rx_bytes = 123456,
	.tx_bytes = 789,
	.rtt_us = 20000,
	.down_kbps = 3000,
};

/* Made with python3: hashlib.blake2b(b"wasl:minutes:1\0" + bytes(32) + line, digest_size=32). */
static void is_the_line_and_the_head_that_are_written_down(void **state)
{
	(void)state;
	static const char want[] =
		"120391 2026-11-28T12:05Z 1 adsl dsl 58 2 0 0 ISP 123456 789 20000 3000";
	char line[EVIDENCE_LINE_ROOM], hex[65];
	uint8_t head[EVIDENCE_HEAD_BYTES] = { 0 };
	assert_int_equal(evidence_write(&plain, line), 0);
	assert_string_equal(line, want);
	evidence_link(head, line, strlen(line), head);
	text_hex(head, sizeof(head), hex);
	assert_string_equal(hex,
			    "464b790e3d058cc2059677b778a77f7c2c9d749e83e769d96aa2b1d24d885e12");
	evidence_link(head, line, strlen(line), head);
	text_hex(head, sizeof(head), hex);
	assert_string_equal(hex,
			    "5fcb7d2a055ede764d71b5d76433cb09ae838d61b4e40fa1827b766fddc30b01");
}

static void comes_back_as_it_was(void **state)
{
	(void)state;
	static const struct {
		int64_t minute;
		uint32_t count;
		const char *fault, *time;
		uint64_t rx;
	} rows[] = {
		{ 0, 1, "", "1970-01-01T00:00Z", 0 },
		{ 29931125, 576000, "cable", "2026-11-28T12:05Z", UINT64_MAX },
		{ 15813600 + 59 * 1440, 1, "hub", "2000-03-24T16:00Z", 1 },
		{ 15778080 + 59 * 1440, 1, "", "2000-02-29T00:00Z", 1 },
		{ EVIDENCE_MINUTE_MAX - 1, 1, "portal", "9999-12-31T23:58Z", 7 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct evidence_row row = plain, back;
		char line[EVIDENCE_LINE_ROOM];
		row.minute = rows[i].minute;
		row.count = rows[i].count;
		row.rx_bytes = rows[i].rx;
		snprintf(row.fault, sizeof(row.fault), "%s", rows[i].fault);
		assert_int_equal(evidence_write(&row, line), 0);
		assert_non_null(strstr(line, rows[i].time));
		assert_int_equal(evidence_read(line, strlen(line), &back), 0);
		assert_int_equal(back.minute, row.minute);
		assert_int_equal(back.count, row.count);
		assert_string_equal(back.fault, row.fault);
		assert_true(back.rx_bytes == row.rx_bytes);
		assert_memory_equal(back.seconds, row.seconds, sizeof(row.seconds));
	}
}

/* Two texts for one row would be two heads for one truth. */
static void has_exactly_one_form(void **state)
{
	(void)state;
	static const char *const lines[] = {
		"",
		"120391",
		"0 2026-11-28T12:05Z 1 adsl dsl 58 2 0 0 ISP 1 2 3 4",
		"0120391 2026-11-28T12:05Z 1 adsl dsl 58 2 0 0 ISP 1 2 3 4",
		"+12 2026-11-28T12:05Z 1 adsl dsl 58 2 0 0 ISP 1 2 3 4",
		" 12 2026-11-28T12:05Z 1 adsl dsl 58 2 0 0 ISP 1 2 3 4",
		"12 2026-11-28T12:05Z 1 adsl dsl 58 2 0 0 ISP 1 2 3 4 ",
		"12 2026-11-28T12:05Z 1 adsl dsl 58 2 0 0 ISP 1 2 3 4 5",
		"12  2026-11-28T12:05Z 1 adsl dsl 58 2 0 0 ISP 1 2 3 4",
		"12 2026-11-28T12:05Z 1 adsl dsl 58 2 0 0 ISP 1 2 3",
		"12 2026-11-28T14:5Z 1 adsl dsl 58 2 0 0 ISP 1 2 3 4",
		"12 2026-11-28T14:05:00Z 1 adsl dsl 58 2 0 0 ISP 1 2 3 4",
		"12 2026-11-31T14:05Z 1 adsl dsl 58 2 0 0 ISP 1 2 3 4",
		"12 2026-02-29T14:05Z 1 adsl dsl 58 2 0 0 ISP 1 2 3 4",
		"12 2026-13-01T14:05Z 1 adsl dsl 58 2 0 0 ISP 1 2 3 4",
		"12 2026-11-28T24:05Z 1 adsl dsl 58 2 0 0 ISP 1 2 3 4",
		"12 2026-11-28T14:60Z 1 adsl dsl 58 2 0 0 ISP 1 2 3 4",
		"12 1969-11-28T14:05Z 1 adsl dsl 58 2 0 0 ISP 1 2 3 4",
		"12 2026-11-28T12:05Z 0 adsl dsl 58 2 0 0 ISP 1 2 3 4",
		"12 2026-11-28T12:05Z 4294967296 adsl dsl 58 2 0 0 ISP 1 2 3 4",
		"12 2026-11-28T12:05Z 1 adsl dsl 57 2 0 0 ISP 1 2 3 4",
		"12 2026-11-28T12:05Z 1 adsl dsl 58 2 0 256 ISP 1 2 3 4",
		"12 2026-11-28T12:05Z 1 adsl dsl 58 02 0 0 ISP 1 2 3 4",
		"12 2026-11-28T12:05Z 1 ad\tsl dsl 58 2 0 0 ISP 1 2 3 4",
		"12 2026-11-28T12:05Z 1 adsl dsl 58 2 0 0  1 2 3 4",
		"12 2026-11-28T12:05Z 1 adsl dsl 58 2 0 0 ISP 18446744073709551616 2 3 4",
		"12 2026-11-28T12:05Z 1 a-name-that-is-longer-than-31-bytes dsl 58 2 0 0 ISP 1 2 3 "
		"4",
		"12 2026-11-28T12:05Z 1 adsl a-long-kind-of-line 58 2 0 0 ISP 1 2 3 4",
	};
	struct evidence_row row;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		if (evidence_read(lines[i], strlen(lines[i]), &row) != -EBADMSG)
			fail_msg("'%s' was read", lines[i]);
	/* As is one byte less of a good one, or one that was flipped. */
	char line[EVIDENCE_LINE_ROOM], again[EVIDENCE_LINE_ROOM];
	assert_int_equal(evidence_write(&plain, line), 0);
	for (size_t i = 0; i < strlen(line); i++) {
		char bad[EVIDENCE_LINE_ROOM];
		memcpy(bad, line, sizeof(bad));
		bad[i] ^= 0x80;
		if (evidence_read(bad, strlen(line), &row) == 0)
			assert_int_equal(evidence_write(&row, again), 0);
		else
			continue;
		assert_memory_equal(bad, again, strlen(line));
	}
}

static void writes_no_row_that_cannot_be(void **state)
{
	(void)state;
	struct evidence_row bad[7];
	char line[EVIDENCE_LINE_ROOM];
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		bad[i] = plain;
	bad[0].number = 0;
	bad[1].count = 0;
	bad[2].minute = -1;
	bad[3].minute = EVIDENCE_MINUTE_MAX;
	memcpy(bad[4].name, "two words", 10);
	bad[5].seconds[0] = 59;
	memcpy(bad[6].fault, "-", 2);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_non_null(evidence_row_flaw(&bad[i]));
		assert_int_equal(evidence_write(&bad[i], line), -EINVAL);
	}
	assert_null(evidence_row_flaw(&plain));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_the_line_and_the_head_that_are_written_down),
		cmocka_unit_test(comes_back_as_it_was),
		cmocka_unit_test(has_exactly_one_form),
		cmocka_unit_test(writes_no_row_that_cannot_be),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
