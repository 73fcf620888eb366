// SPDX-License-Identifier: GPL-2.0-or-later
/* What schools and the ministry send one another beside counts. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "provisioning/hub/store_sqlite.h"

/*
 * What was said was said of that film under those words: of another one, or of one that is offered anew, nothing was. What is in the
 * catalogue stays in it, whatever its school calls it now.
 */
#define STANDS "(NOT withdrawn AND NOT ?6 AND film=?13)"
#define SAME                                                                                \
	"(title_ar=?7 AND title_fr=?8 AND title_en=?9 AND language=?10 AND film_bytes=?12 " \
	"AND subject=?15 AND grade=?16)"
#define STILL "CASE WHEN " STANDS " AND (" SAME " OR said=?17) THEN "
static int write_offer(struct store *store, const struct lesson_offer *f, struct fault *why)
{
	return db_exec(store_sqlite_db(store), why,
		       "INSERT INTO offer(device, lesson, school, epoch, number, withdrawn, "
		       "title_ar, title_fr, title_en, language, duration_ms, film_bytes, film, "
		       "received_s, subject, grade)"
		       " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, "
		       "?16) ON CONFLICT(device, lesson) DO UPDATE SET"
		       " school=?3, epoch=?4, number=?5, withdrawn=?6, title_ar=?7, title_fr=?8,"
		       " title_en=?9, language=?10, duration_ms=?11, film_bytes=?12, film=?13,"
		       " received_s=?14, subject=?15, grade=?16,"
		       " changed=" STANDS " AND (changed OR (said NOT IN (0, ?17) AND NOT " SAME
		       ")), said=" STILL "said ELSE 0 END, reason=" STILL
		       "reason ELSE '' END, published=" STILL
		       "published ELSE '' END WHERE (?4, ?5) > (epoch, number)",
		       "bttiiittttiibitii", (const void *)f->device, sizeof(f->device), f->lesson,
		       f->school, (int64_t)f->epoch, (int64_t)f->number, (int64_t)f->withdrawn,
		       f->title[0], f->title[1], f->title[2], f->language, (int64_t)f->duration_ms,
		       (int64_t)f->film_bytes, (const void *)f->film, sizeof(f->film),
		       f->received_s, f->subject, (int64_t)f->grade, (int64_t)OFFER_ACCEPTED);
}

/* Room for a lesson that is new: what was withdrawn first is forgotten for it. */
static int make_room(struct db *db, const struct lesson_offer *f, struct fault *why)
{
	const void *device = f->device;
	int64_t known = 0, all = 0;
	int rc =
		db_int(db, 0, &known, why, "SELECT count(*) FROM offer WHERE device=? AND lesson=?",
		       "bt", device, sizeof(f->device), f->lesson);
	if (rc == 0 && !known)
		rc = db_int(db, 0, &all, why, "SELECT count(*) FROM offer WHERE device=?", "b",
			    device, sizeof(f->device));
	if (rc || known || all < STORE_OFFERS_MOST)
		return rc;
	rc = db_exec(db, why,
		     "DELETE FROM offer WHERE device=?1 AND lesson=(SELECT lesson FROM offer"
		     " WHERE device=?1 AND withdrawn ORDER BY epoch, number LIMIT 1)",
		     "b", device, sizeof(f->device));
	return rc || db_changes(db) ? rc : -EDQUOT;
}

static int offer_put(struct store *store, const struct lesson_offer *f, struct fault *why)
{
	int rc = make_room(store_sqlite_db(store), f, why);
	return rc ? rc : write_offer(store, f, why);
}

#define OFFER_COLUMNS                                                                            \
	"SELECT device, lesson, school, epoch, number, title_ar, title_fr, title_en, language, " \
	"duration_ms, film_bytes, film, received_s, withdrawn, subject, grade, said, reason, "   \
	"published, changed FROM offer "

static void read_offer(sqlite3_stmt *s, struct lesson_offer *f)
{
	*f = (struct lesson_offer){ .epoch = (uint32_t)sqlite3_column_int64(s, 3),
				    .number = (uint64_t)sqlite3_column_int64(s, 4),
				    .duration_ms = (uint64_t)sqlite3_column_int64(s, 9),
				    .film_bytes = (uint64_t)sqlite3_column_int64(s, 10),
				    .received_s = sqlite3_column_int64(s, 12),
				    .withdrawn = sqlite3_column_int(s, 13),
				    .grade = (uint32_t)sqlite3_column_int64(s, 15),
				    .said = (enum offer_said)sqlite3_column_int(s, 16),
				    .changed = sqlite3_column_int(s, 19) };
	store_sqlite_blob(s, 0, f->device, sizeof(f->device));
	store_sqlite_text(s, 1, f->lesson, sizeof(f->lesson));
	store_sqlite_text(s, 2, f->school, sizeof(f->school));
	for (int lang = 0; lang < 3; lang++)
		store_sqlite_text(s, 5 + lang, f->title[lang], sizeof(f->title[lang]));
	store_sqlite_text(s, 8, f->language, sizeof(f->language));
	store_sqlite_blob(s, 11, f->film, sizeof(f->film));
	store_sqlite_text(s, 14, f->subject, sizeof(f->subject));
	store_sqlite_text(s, 17, f->reason, sizeof(f->reason));
	store_sqlite_text(s, 18, f->published, sizeof(f->published));
}

static int give_offers(struct db *db, sqlite3_stmt *s, store_offer_fn *each, void *data,
		       struct fault *why)
{
	int rc;
	while ((rc = db_step(db, s, why)) == 1) {
		struct lesson_offer f;
		read_offer(s, &f);
		rc = each(data, &f);
		if (rc)
			break;
	}
	sqlite3_reset(s);
	return rc;
}

static int offers_each(struct store *store, int limit, store_offer_fn *each, void *data,
		       struct fault *why)
{
	struct db *db = store_sqlite_db(store);
	sqlite3_stmt *s;
	int rc =
		db_query(db, &s, why,
			 OFFER_COLUMNS
			 "JOIN (SELECT device AS d, lesson AS l, row_number() OVER"
			 " (PARTITION BY school ORDER BY received_s DESC, lesson) AS nth FROM offer"
			 " WHERE NOT withdrawn ORDER BY nth, received_s DESC, school LIMIT ?)"
			 " ON device=d AND lesson=l ORDER BY received_s DESC, school, lesson",
			 "i", (int64_t)limit);
	return rc ? rc : give_offers(db, s, each, data, why);
}

static int offers_of(struct store *store, const uint8_t device[static 16], store_offer_fn *each,
		     void *data, struct fault *why)
{
	struct db *db = store_sqlite_db(store);
	sqlite3_stmt *s;
	int rc = db_query(db, &s, why,
			  OFFER_COLUMNS
			  "WHERE device=? ORDER BY said=0, row_number() OVER"
			  " (PARTITION BY said=0, said=? ORDER BY said_nth DESC), said_nth DESC",
			  "bi", (const void *)device, (size_t)16, (int64_t)OFFER_WANTED);
	return rc ? rc : give_offers(db, s, each, data, why);
}

static int offer_say(struct store *store, const struct lesson_offer *f, struct fault *why)
{
	struct db *db = store_sqlite_db(store);
	int rc = db_exec(db, why,
			 "UPDATE offer SET said=?, reason=?, published=?, changed=0,"
			 " said_nth=(SELECT max(said_nth)+1 FROM offer)"
			 " WHERE device=? AND lesson=? AND film=? AND NOT withdrawn",
			 "ittbtb", (int64_t)f->said, f->reason, f->published,
			 (const void *)f->device, sizeof(f->device), f->lesson,
			 (const void *)f->film, sizeof(f->film));
	return rc || db_changes(db) ? rc : -ENOENT;
}

static int settings_put(struct store *store, const struct kept_settings *k, struct fault *why)
{
	return db_exec(store_sqlite_db(store), why,
		       "INSERT INTO settings(scope, version, made_s, record) VALUES(?1, ?2, ?3, ?4)"
		       " ON CONFLICT(scope) DO UPDATE SET version=?2, made_s=?3, record=?4",
		       "tiib", k->scope, (int64_t)k->version, k->made_s, k->bytes, k->len);
}

static void read_settings(sqlite3_stmt *s, struct kept_settings *out)
{
	*out = (struct kept_settings){ .version = (uint32_t)sqlite3_column_int64(s, 1),
				       .made_s = sqlite3_column_int64(s, 2),
				       .len = (size_t)sqlite3_column_bytes(s, 3) };
	store_sqlite_text(s, 0, out->scope, sizeof(out->scope));
}

static int settings_get(struct store *store, const char *scope, struct kept_settings *out,
			void **bytes, struct fault *why)
{
	struct db *db = store_sqlite_db(store);
	sqlite3_stmt *s;
	int rc = db_query(db, &s, why,
			  "SELECT scope, version, made_s, record FROM settings WHERE scope=?", "t",
			  scope);
	rc = store_sqlite_one(db, rc, s, why);
	if (rc)
		return rc;
	struct kept_settings k;
	read_settings(s, &k);
	void *copy = malloc(k.len + 1);
	if (copy && k.len)
		memcpy(copy, sqlite3_column_blob(s, 3), k.len);
	sqlite3_reset(s);
	if (!copy)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	*out = k;
	*bytes = copy;
	return 0;
}

static int settings_each(struct store *store, store_settings_fn *each, void *data,
			 struct fault *why)
{
	struct db *db = store_sqlite_db(store);
	sqlite3_stmt *s;
	int rc = db_query(db, &s, why,
			  "SELECT scope, version, made_s, record FROM settings ORDER BY scope", "");
	if (rc)
		return rc;
	while ((rc = db_step(db, s, why)) == 1) {
		struct kept_settings k;
		read_settings(s, &k);
		k.bytes = sqlite3_column_blob(s, 3);
		rc = each(data, &k);
		if (rc)
			break;
	}
	sqlite3_reset(s);
	return rc;
}

const struct store_exchange_ops store_sqlite_exchange = {
	.offer_put = offer_put,
	.offers_each = offers_each,
	.offers_of = offers_of,
	.offer_say = offer_say,
	.settings_put = settings_put,
	.settings_get = settings_get,
	.settings_each = settings_each,
};
