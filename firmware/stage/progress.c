// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/stage/progress.h"

#include <ctype.h>
#include <string.h>

/* The number that ends right before `end`, and where it begins. */
static int number_before(const char *line, const char *end, const char **from)
{
	const char *at = end;
	while (at > line && isdigit((unsigned char)at[-1]) && end - at < 4)
		at--;
	if (at == end || end - at > 3)
		return -1;
	if (at > line && (isalnum((unsigned char)at[-1]) || at[-1] == '-'))
		return -1;
	int value = 0;
	for (const char *d = at; d < end; d++)
		value = value * 10 + (*d - '0');
	*from = at;
	/* "42.5 %": the digits after the point are not the number */
	if (at - line >= 2 && at[-1] == '.' && isdigit((unsigned char)at[-2]))
		return number_before(line, at - 1, from);
	return value <= 100 ? value : -1;
}

int progress_percent(const char *line, size_t *text_len)
{
	for (const char *sign = line + strlen(line); sign > line; sign--) {
		if (sign[-1] != '%')
			continue;
		const char *end = sign - 1, *from;
		if (end > line && end[-1] == ' ')
			end--;
		int value = number_before(line, end, &from);
		if (value < 0)
			continue;
		while (from > line && strchr(" \t(:,", from[-1]))
			from--;
		if (text_len)
			*text_len = (size_t)(from - line);
		return value;
	}
	return -1;
}

void progress_bar(int percent, size_t width, enum progress_cells cells, char *out, size_t room)
{
	static const char *const look[][2] = {
		[PROGRESS_PLAIN] = { ".", "#" }, [PROGRESS_BLOCKS] = { "░", "█" }
	};
	size_t filled = width * (size_t)(percent < 0 ? 0 : percent > 100 ? 100 : percent) / 100;
	size_t at = 0;

	if (!room)
		return;
	for (size_t i = 0; i < width; i++) {
		const char *cell = look[cells][i < filled];
		size_t len = strlen(cell);
		if (at + len >= room)
			break;
		memcpy(out + at, cell, len);
		at += len;
	}
	out[at] = '\0';
}
