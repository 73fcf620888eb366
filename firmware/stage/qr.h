// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdio.h>

struct fault;

/* A QR code in a terminal, dark on light whatever its colours are, two rows of modules per line, with its quiet zone. */
int qr_print(FILE *to, const char *text, struct fault *why);
