// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdio.h>

struct fault;
struct view;

/*
 * A QR code for a terminal, two modules a character, with the quiet zone of four modules that readers want.
 * With colours it is black on white as printed; without, light modules are drawn, which suits the
 * usual dark terminal.
 */
int qr_print(const char *text, const struct view *v, FILE *to, struct fault *why);
