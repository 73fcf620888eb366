// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/ctl/qr.h"

#include <errno.h>
#include <qrencode.h>
#include <stdbool.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/ctl/view.h"

#define QUIET 4

CLEAN_FN(code, QRcode, QRcode_free)

static bool is_dark(const QRcode *code, int x, int y)
{
	if (x < 0 || y < 0 || x >= code->width || y >= code->width)
		return false;
	return code->data[y * code->width + x] & 1;
}

int qr_print(const char *text, const struct view *v, FILE *to, struct fault *why)
{
	CLEANUP(clean_code)
	QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
	if (!code)
		return fault_set(why, -errno, "wasl.qr", "no QR code for '%.60s'", text);
	static const char *const halves[2][2] = { { " ", "▄" }, { "▀", "█" } };
	bool ink_is_dark = v->paint == VIEW_COLOUR;
	for (int y = -QUIET; y < code->width + QUIET; y += 2) {
		fputs(ink_is_dark ? "\x1b[30;107m" : "", to);
		for (int x = -QUIET; x < code->width + QUIET; x++)
			fputs(halves[is_dark(code, x, y) == ink_is_dark]
				    [is_dark(code, x, y + 1) == ink_is_dark],
			      to);
		fputs(ink_is_dark ? "\x1b[0m\n" : "\n", to);
	}
	return 0;
}
