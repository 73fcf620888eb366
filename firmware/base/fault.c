// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/text.h"

int fault_set(struct fault *why, int code, const char *id, const char *fmt, ...)
{
	if (!why)
		return code;
	why->code = code;
	snprintf(why->id, sizeof(why->id), "%s", id);
	/* The arguments may point into *why itself: build the sentence aside. */
	char text[sizeof(why->text)];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	text_mend_utf8(text);
	memcpy(why->text, text, sizeof(text));
	return code;
}

int fault_within(struct fault *why, const char *fmt, ...)
{
	if (!why)
		return -EIO;
	char context[sizeof(why->text)];
	va_list args;
	va_start(args, fmt);
	vsnprintf(context, sizeof(context), fmt, args);
	va_end(args);
	char text[sizeof(why->text) * 2 + 3];
	snprintf(text, sizeof(text), "%s: %s", context, why->text);
	text[sizeof(why->text) - 1] = '\0';
	text_mend_utf8(text);
	memcpy(why->text, text, sizeof(why->text));
	return why->code;
}
