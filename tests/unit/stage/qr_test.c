// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/stage/qr.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

#include <qrencode.h>

/* The printed half blocks, read back, are the symbol with its quiet zone and nothing else. */
static void what_is_printed_is_the_symbol(void **state)
{
	(void)state;
	static const char text[] = "http://192.168.1.20:8080/";
	AUTO_FREE char *printed = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&printed, &len);
	assert_int_equal(qr_print(to, text, NULL), 0);
	fclose(to);

	QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
	int y = -4;
	char *save = NULL;
	for (char *line = strtok_r(printed, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save), y += 2) {
		static const char *const cells[] = { " ", "▀", "▄", "█" };
		assert_int_equal(strncmp(line, "    \033[30;107m", 13), 0);
		const char *at = line + 13;
		for (int x = -4; x < code->width + 4; x++) {
			int top = x >= 0 && y >= 0 && x < code->width && y < code->width &&
				  code->data[y * code->width + x] & 1;
			int below = x >= 0 && y + 1 >= 0 && x < code->width &&
				    y + 1 < code->width &&
				    code->data[(y + 1) * code->width + x] & 1;
			const char *want = cells[top + 2 * below];
			assert_int_equal(strncmp(at, want, strlen(want)), 0);
			at += strlen(want);
		}
		assert_string_equal(at, "\033[0m");
	}
	assert_true(y >= code->width + 4);
	QRcode_free(code);
}

static void too_much_is_refused(void **state)
{
	(void)state;
	char text[5000];
	struct fault why = { 0 };
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(qr_print(stdout, text, &why), -ERANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(what_is_printed_is_the_symbol),
					    cmocka_unit_test(too_much_is_refused) };
	return cmocka_run_group_tests_name("stage/qr", tests, NULL, NULL);
}
