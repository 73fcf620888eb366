// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/store_news.h"
#include "content/keeper/keeper_priv.h"
#include "firmware/base/clean.h"

/* What the store found out by itself, told to people; where names came back they are published. */

static const struct {
	const char *kind, *layer;
} meanings[] = {
	[STORE_NEWS_UNREAD] = { "store.unread", "disk" },
	[STORE_NEWS_LOST] = { "store.lost", "disk" },
	[STORE_NEWS_MENDED] = { "disk.rot", "disk" },
	[STORE_NEWS_ANEW] = { "store.damaged", "disk" },
	[STORE_NEWS_FOUND] = { "store.found", "store" },
};

void keeper_news(struct keeper *k)
{
	struct store_news news;
	while (store_news_next(k->store, &news)) {
		if ((size_t)news.kind < ARRAY_LEN(meanings))
			k->report.tell(k->report.data, meanings[news.kind].kind, news.subject,
				       meanings[news.kind].layer, news.text);
		if (news.kind == STORE_NEWS_FOUND)
			k->calls.changed(k->calls.data);
	}
}
