// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "netmgr/modem/modem.h"

/*
 * What is remembered of a modem across restarts, as text: ages, as the clock may be a guess. Within one boot (`boot` tells)
 * they have grown since by the time that passed; after another one nobody knows how long the box was off, and they are taken as
 * they were: a step too few is taken rather than one too many.
 */
enum { MODEM_BOOK_BYTES_MAX = 4096, MODEM_BOOT_ROOM = 40 };

/* Nothing of a person is in it: neither PIN nor number of SIM or modem. malloc'ed; NULL without memory. */
char *modem_book_text(const struct modem_memory *memory, const char *boot, uint64_t now_ms);

/* -EBADMSG where it is no such text: *out is untouched then. */
int modem_book_parse(const void *text, size_t len, const char *boot, uint64_t now_ms,
		     struct modem_memory *out);
