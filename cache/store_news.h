// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>

#include "cache/names.h"
#include "cache/store.h"

/* What the store found out by itself, at its opening or while it swept, and somebody should hear: once each, oldest first. */
enum store_news_kind {
	STORE_NEWS_UNREAD, /* something cannot be read, and until it can, no file without a row is removed */
	STORE_NEWS_LOST, /* with the database: bytes of a file of the school, or its address ("own/HASH") */
	STORE_NEWS_MENDED, /* the name of a file of the school, from its row */
	STORE_NEWS_ANEW,   /* store.db was damaged: it was set aside, and a new one begun */
	STORE_NEWS_FOUND,  /* names that could not be read at first have been: publish them */
};

struct store_news {
	enum store_news_kind kind;
	char subject[NAMES_MAX_PATH +
		     1]; /* an address of the school's, or a file below the store's folder */
	char text[464];
};

/* False when there is nothing new. */
bool store_news_next(struct store *s, struct store_news *out);
