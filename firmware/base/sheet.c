// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/sheet.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

void sheet_add(struct sheet *s, const char *format, ...)
{
	const size_t left = s->room - s->len;
	va_list args;
	if (s->full)
		return;
	va_start(args, format);
	int n = vsnprintf(s->at + s->len, left, format, args);
	va_end(args);
	if (n >= 0 && (size_t)n < left) {
		s->len += (size_t)n;
		return;
	}
	s->full = true;
	if (left)
		s->at[s->len] = '\0';
}

int sheet_end(const struct sheet *s)
{
	return s->full ? -ENOSPC : (int)s->len;
}
