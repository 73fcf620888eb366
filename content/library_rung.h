// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "content/library.h"

/* Between library.c and library_rung.c: makes a rendition's number findable. */
void library_note_number(struct library *l, size_t lesson, enum kitchen_rung rung);
