// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/store_news.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cache/store_private.h"

enum { MOST = 256 }; /* a disk in ruins is told by these, too */

struct store_news_item {
	struct store_news_item *next;
	struct store_news news;
};

void store_news_add(struct store *s, enum store_news_kind kind, const char *subject,
		    const char *fmt, ...)
{
	struct store_news_item **end = &s->news;
	va_list args;
	for (unsigned n = 0; *end; n++, end = &(*end)->next)
		if (n + 1 == MOST)
			return;
	struct store_news_item *item = calloc(1, sizeof(*item));
	if (!item)
		return;
	item->news.kind = kind;
	snprintf(item->news.subject, sizeof(item->news.subject), "%s", subject);
	va_start(args, fmt);
	vsnprintf(item->news.text, sizeof(item->news.text), fmt, args);
	va_end(args);
	*end = item;
}

bool store_news_next(struct store *s, struct store_news *out)
{
	struct store_news_item *item = s->news;
	if (!item)
		return false;
	s->news = item->next;
	*out = item->news;
	free(item);
	return true;
}

void store_news_end(struct store *s)
{
	struct store_news ignored;
	while (store_news_next(s, &ignored))
		;
}
