// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/shelf/sheet.h"

#include <errno.h>
#include <stdlib.h>

int sheet_open(struct sheet *s)
{
	*s = (struct sheet){ 0 };
	s->to = open_memstream(&s->bytes, &s->len);
	return s->to ? 0 : -ENOMEM;
}

int sheet_close(struct sheet *s, char **out, size_t *len)
{
	int bad = ferror(s->to);
	if (fclose(s->to) != 0 || bad) {
		free(s->bytes);
		return -ENOMEM;
	}
	*out = s->bytes;
	*len = s->len;
	return 0;
}
