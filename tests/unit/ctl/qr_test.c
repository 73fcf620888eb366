// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/ctl/qr.h"

#include <qrencode.h>
#include <stdbool.h>

#include "firmware/ctl/view.h"
#include "tests/unit/ctl/golden.h"

/* Reads the picture back, module by module: true = dark. */
static bool module_at(char *const *lines, int x, int y, enum view_paint paint)
{
	const char *c = lines[y / 2];
	if (paint == VIEW_COLOUR)
		c += strlen("\x1b[30;107m");
	for (int i = 0; i < x; i++)
		c += *c == ' ' ? 1 : 3;
	bool upper = strncmp(c, "▀", 3) == 0 || strncmp(c, "█", 3) == 0;
	bool lower = strncmp(c, "▄", 3) == 0 || strncmp(c, "█", 3) == 0;
	bool ink = y % 2 ? lower : upper;
	return ink == (paint == VIEW_COLOUR);
}

static void every_module_and_the_quiet_zone(void **state)
{
	(void)state;
	QRcode *code = QRcode_encodeString("WASL:ABCDEFGHJKMNPQRS", 0, QR_ECLEVEL_M, QR_MODE_8, 1);
	assert_non_null(code);
	static const enum view_paint paints[] = { VIEW_PLAIN, VIEW_COLOUR };
	for (size_t p = 0; p < ARRAY_LEN(paints); p++) {
		const struct view v = { .paint = paints[p] };
		AUTO_FREE char *text = NULL;
		size_t len = 0;
		FILE *to = open_memstream(&text, &len);
		assert_int_equal(qr_print("WASL:ABCDEFGHJKMNPQRS", &v, to, NULL), 0);
		fclose(to);
		char *lines[64] = { NULL }, *rest = NULL;
		int count = 0;
		for (char *l = strtok_r(text, "\n", &rest); l; l = strtok_r(NULL, "\n", &rest))
			lines[count++] = l;
		int side = code->width + 8;
		assert_int_equal(count, (side + 1) / 2);
		for (int y = 0; y < side; y++) {
			for (int x = 0; x < side; x++) {
				bool inside = x >= 4 && y >= 4 && x < side - 4 && y < side - 4;
				bool dark = inside && code->data[(y - 4) * code->width + x - 4] & 1;
				assert_int_equal(module_at(lines, x, y, paints[p]), dark);
			}
		}
	}
	QRcode_free(code);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_module_and_the_quiet_zone) };
	return cmocka_run_group_tests_name("ctl/qr", tests, NULL, NULL);
}
