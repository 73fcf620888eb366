// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/agent/outbox_priv.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

enum { LESSON_ROOM = sizeof(((struct outbox_offer *)0)->lesson) };

static int say(struct outbox *o, const struct outbox_offer *f, int64_t withdrawn, struct fault *why)
{
	/* Replacing gives the row the next number, and opens it. */
	return db_exec(o->db, why,
		       "INSERT OR REPLACE INTO offer(lesson, withdrawn, title_ar, title_fr, "
		       "title_en, language, duration_ms, film_bytes, film, subject, grade)"
		       " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		       "tittttiibti", f->lesson, withdrawn, f->title[0], f->title[1], f->title[2],
		       f->language, outbox_whole(f->duration_ms), outbox_whole(f->film_bytes),
		       (const void *)f->film, sizeof(f->film), f->subject, (int64_t)f->grade);
}

static int said_already(struct outbox *o, const struct outbox_offer *f, int64_t *out,
			struct fault *why)
{
	return db_int(o->db, 0, out, why,
		      "SELECT count(*) FROM offer WHERE lesson=? AND NOT withdrawn AND title_ar=?"
		      " AND title_fr=? AND title_en=? AND language=? AND duration_ms=?"
		      " AND film_bytes=? AND film=? AND subject=? AND grade=?",
		      "tttttiibti", f->lesson, f->title[0], f->title[1], f->title[2], f->language,
		      outbox_whole(f->duration_ms), outbox_whole(f->film_bytes),
		      (const void *)f->film, sizeof(f->film), f->subject, (int64_t)f->grade);
}

static bool among(const char *lesson, const struct outbox_offer *offers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(offers[i].lesson, lesson) == 0)
			return true;
	}
	return false;
}

/* The next lesson after `after` that was offered and is not among them; 1 found, 0 none. */
static int next_gone(struct outbox *o, const struct outbox_offer *offers, size_t count,
		     char after[static LESSON_ROOM], struct fault *why)
{
	sqlite3_stmt *s;
	int r = db_query(
		o->db, &s, why,
		"SELECT lesson FROM offer WHERE NOT withdrawn AND lesson>? ORDER BY lesson", "t",
		after);
	while (!r && (r = db_step(o->db, s, why)) == 1) {
		outbox_read_text(s, 0, after, LESSON_ROOM);
		if (!among(after, offers, count)) {
			sqlite3_reset(s);
			return 1;
		}
		r = 0;
	}
	return r;
}

int outbox_set_offers(struct outbox *o, const struct outbox_offer *offers, size_t count,
		      struct fault *why)
{
	int r = 0;
	for (size_t i = 0; !r && i < count; i++) {
		int64_t known = 0;
		r = said_already(o, &offers[i], &known, why);
		if (!r && !known)
			r = say(o, &offers[i], 0, why);
	}
	struct outbox_offer gone = { .lesson = "" };
	while (!r && (r = next_gone(o, offers, count, gone.lesson, why)) == 1)
		r = say(o, &gone, 1, why);
	return r;
}

int outbox_film_bytes(struct outbox *o, const uint8_t film[static 32], uint64_t *out,
		      struct fault *why)
{
	int64_t bytes = -1;
	int r = db_int(o->db, -1, &bytes, why,
		       "SELECT film_bytes FROM offer WHERE film=? AND NOT withdrawn LIMIT 1", "b",
		       (const void *)film, (size_t)32);
	if (r)
		return r;
	if (bytes < 0)
		return -ENOENT;
	*out = (uint64_t)bytes;
	return 0;
}
