// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void every_number_stands_in_the_text(void **state)
{
	(void)state;
	struct metrics m;
	char text[METRICS_TEXT_BYTES];
	size_t metrics = 0, lines = 0;
	memset(&m, 0xff, sizeof(m)); /* the biggest there are */
	m.wants = 12;
	m.bad_chunks_total = 0;
	const size_t len = metrics_text(&m, text);
	assert_int_equal(len, strlen(text));
	assert_non_null(strstr(text, "\nwasl_content_wants 12\n"));
	assert_non_null(strstr(text, "\n# TYPE wasl_content_wants gauge\n"));
	assert_non_null(strstr(text, "\nwasl_content_bad_chunks_total 0\n"));
	assert_non_null(strstr(text, "\n# TYPE wasl_content_bad_chunks_total counter\n"));
	assert_non_null(strstr(text, "\nwasl_content_store_bytes 18446744073709551615\n"));
	for (const char *c = text; *c; c++)
		lines += *c == '\n';
#define METRIC(name, type, help) metrics++;
#include "content/metrics.def"
#undef METRIC
	assert_int_equal(lines, metrics * 3);
	assert_int_equal(text[len - 1], '\n');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_number_stands_in_the_text),
	};
	return cmocka_run_group_tests_name("content/metrics", tests, NULL, NULL);
}
