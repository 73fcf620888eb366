// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/stage/qr.h"

#include <errno.h>
#include <qrencode.h>
#include <stdbool.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

enum { QUIET = 4 }; /* ISO/IEC 18004: modules of free space around the symbol */

static void clean_code(QRcode **held)
{
	if (*held)
		QRcode_free(*held);
}

static bool dark(const QRcode *code, int x, int y)
{
	return x >= 0 && y >= 0 && x < code->width && y < code->width &&
	       code->data[y * code->width + x] & 1;
}

int qr_print(FILE *to, const char *text, struct fault *why)
{
	/* Medium correction: phones read it from a screen at an angle. */
	CLEANUP(clean_code) QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
	if (!code)
		return fault_set(why, -errno, "stage.qr", "no QR code for '%s' (%s)", text,
				 strerror(errno));
	for (int y = -QUIET; y < code->width + QUIET; y += 2) {
		fputs("    \033[30;107m", to); /* black on bright white */
		for (int x = -QUIET; x < code->width + QUIET; x++) {
			static const char *const cells[] = { " ", "▀", "▄", "█" };
			fputs(cells[dark(code, x, y) + 2 * dark(code, x, y + 1)], to);
		}
		fputs("\033[0m\n", to);
	}
	return ferror(to) ? fault_set(why, -EIO, "stage.qr", "the terminal does not take it") : 0;
}
