// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/shelf/search.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "content/shelf/fold.h"
#include "content/shelf/vtt.h"
#include "firmware/base/clean.h"
#include "firmware/base/db.h"
#include "firmware/base/fault.h"

#define MOST_WORDS 8u

struct search {
	struct db *db;
};

static const char *const migrations[] = {
	"CREATE VIRTUAL TABLE lesson USING fts5(id UNINDEXED, title, subject, summary, "
	"tokenize='unicode61 remove_diacritics 0',"
	" prefix='2 3');"
	"CREATE VIRTUAL TABLE caption USING fts5(id UNINDEXED, language UNINDEXED, words,"
	" tokenize='unicode61 remove_diacritics 0', prefix='2 3');"
	"CREATE TABLE said (lesson TEXT NOT NULL, language TEXT NOT NULL, object BLOB NOT NULL, "
	"place INTEGER NOT NULL,"
	" PRIMARY KEY (lesson, language)) WITHOUT ROWID;"
	"CREATE TABLE filled (one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL);",
};

static void remove_files(const char *path)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		char file[PATH_MAX];
		snprintf(file, sizeof(file), "%s%s", path, ends[i]);
		unlink(file);
	}
}

int search_open(const char *path, struct search **out, struct fault *why)
{
	AUTO_FREE struct search *s = calloc(1, sizeof(*s));
	if (!s)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	int r = db_open(path, DB_NORMAL, migrations, ARRAY_LEN(migrations), &s->db, why);
	if (r == -EBADMSG || r == -EPROTO) {
		remove_files(path);
		r = db_open(path, DB_NORMAL, migrations, ARRAY_LEN(migrations), &s->db, why);
	}
	if (r == 0)
		*out = MOVE_PTR(s);
	return r;
}

void search_close(struct search *s)
{
	if (s)
		db_close(s->db);
	free(s);
}

/* All three languages in one text, folded. */
static int fold_three(const wasl_Text *t, char **out)
{
	AUTO_FREE char *all = NULL;
	int len = asprintf(&all, "%s %s %s", t->ar ? t->ar : "", t->fr ? t->fr : "",
			   t->en ? t->en : "");
	return len < 0 ? -ENOMEM : fold_text(all, (size_t)len, out);
}

static int fold_subject(const wasl_Catalogue *c, const char *subject, char **out)
{
	for (size_t i = 0; i < c->subjects_id_count; i++)
		if (strcmp(c->subjects_id[i], subject) == 0)
			return fold_three(&c->subjects_title[i], out);
	return fold_text(subject, strlen(subject), out);
}

static int add_lesson(struct search *s, const wasl_Catalogue *c, const wasl_Item *item,
		      struct fault *why)
{
	AUTO_FREE char *title = NULL;
	AUTO_FREE char *subject = NULL;
	AUTO_FREE char *summary = NULL;
	static const wasl_Text nothing = { 0 };
	int r = fold_three(&item->title, &title);
	if (r == 0)
		r = fold_subject(c, item->subject, &subject);
	if (r == 0)
		r = fold_three(item->has_summary ? &item->summary : &nothing, &summary);
	if (r)
		return fault_set(why, r, "memory", "out of memory");
	return db_exec(s->db, why,
		       "INSERT INTO lesson (id, title, subject, summary) VALUES (?, ?, ?, ?)",
		       "tttt", item->id, title, subject, summary);
}

static int fill_all(struct search *s, const wasl_Catalogue *c, int64_t stamp, struct fault *why)
{
	int r = db_exec(s->db, why, "DELETE FROM lesson", "");
	for (size_t i = 0; r == 0 && i < c->items_count; i++)
		r = add_lesson(s, c, &c->items[i], why);
	if (r == 0)
		r = db_exec(s->db, why,
			    "DELETE FROM caption WHERE rowid IN (SELECT place FROM said"
			    " WHERE lesson NOT IN (SELECT id FROM lesson))",
			    "");
	if (r == 0)
		r = db_exec(s->db, why,
			    "DELETE FROM said WHERE lesson NOT IN (SELECT id FROM lesson)", "");
	if (r == 0)
		r = db_exec(s->db, why,
			    "INSERT OR REPLACE INTO filled (one, version) VALUES (1, ?)", "i",
			    stamp);
	return r ? r : db_commit(s->db, why);
}

int search_fill(struct search *s, const wasl_Catalogue *c, uint32_t own, struct fault *why)
{
	const int64_t stamp = (int64_t)((uint64_t)(own & 0x7fffffffu) << 32 | c->version);
	int64_t version = -1;
	int r = db_int(s->db, -1, &version, why, "SELECT version FROM filled", "");
	if (r || version == stamp)
		return r;
	r = db_begin(s->db, why);
	if (r == 0)
		r = fill_all(s, c, stamp, why);
	if (r)
		db_rollback(s->db);
	return r;
}

bool search_knows(struct search *s, const char *lesson, const char *language,
		  const struct objmap_id *object)
{
	int64_t known = 0;
	db_int(s->db, 0, &known, NULL,
	       "SELECT 1 FROM said WHERE lesson = ? AND language = ? AND object = ?", "ttb", lesson,
	       language, object->b, sizeof(object->b));
	return known == 1;
}

static int put_words(struct search *s, const char *lesson, const char *language,
		     const struct objmap_id *object, const char *words, struct fault *why)
{
	int r = db_exec(s->db, why,
			"DELETE FROM caption WHERE rowid = (SELECT place FROM said WHERE lesson = ?"
			" AND language = ?)",
			"tt", lesson, language);
	if (r == 0)
		r = db_exec(s->db, why,
			    "INSERT INTO caption (id, language, words) VALUES (?, ?, ?)", "ttt",
			    lesson, language, words);
	if (r == 0)
		r = db_exec(s->db, why,
			    "INSERT OR REPLACE INTO said (lesson, language, object, place)"
			    " VALUES (?, ?, ?, ?)",
			    "ttbi", lesson, language, object->b, sizeof(object->b),
			    (int64_t)sqlite3_last_insert_rowid(db_handle(s->db)));
	return r ? r : db_commit(s->db, why);
}

int search_captions(struct search *s, const char *lesson, const char *language,
		    const struct objmap_id *object, const char *vtt, size_t len, struct fault *why)
{
	AUTO_FREE char *words = NULL;
	AUTO_FREE char *folded = NULL;
	int r = len > VTT_LIMIT_BYTES ? -EFBIG : vtt_words(vtt, len, &words);
	if (r)
		return fault_set(
			why, r, "search.captions",
			"captions '%s' of lesson '%s' are not WebVTT; they are not searched",
			language, lesson);
	r = fold_text(words, strlen(words), &folded);
	if (r)
		return fault_set(why, r, "memory", "out of memory");
	r = db_begin(s->db, why);
	if (r == 0)
		r = put_words(s, lesson, language, object, folded, why);
	if (r)
		db_rollback(s->db);
	return r;
}

/* Folded words as an FTS5 expression, each a prefix in quotes: letters and digits only, so nothing in it can be syntax. */
static int expression(const char *query, char **out)
{
	AUTO_FREE char *folded = NULL;
	size_t len = strnlen(query, SEARCH_QUERY_BYTES);
	int r = fold_text(query, len, &folded);
	if (r)
		return r;
	char *text = NULL;
	size_t text_len = 0, words = 0;
	FILE *to = open_memstream(&text, &text_len);
	if (!to)
		return -ENOMEM;
	char *rest = folded;
	for (char *word; words < MOST_WORDS && (word = strsep(&rest, " "));)
		if (*word && !strchr(word, '"'))
			fprintf(to, "%s\"%s\"*", words++ ? " " : "", word);
	if (fclose(to) != 0) {
		free(text);
		return -ENOMEM;
	}
	*out = text;
	return 0;
}

int search_ask(struct search *s, const char *query, struct search_hit *hits, size_t *count,
	       struct fault *why)
{
	AUTO_FREE char *match = NULL;
	if (expression(query, &match))
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	*count = 0;
	if (!*match)
		return 0;
	sqlite3_stmt *q;
	/* What a title says counts more than what is said on the way. */
	int r = db_query(
		s->db, &q, why,
		"SELECT id, min(score) AS best FROM ("
		" SELECT id, bm25(lesson, 0, 10, 4, 2) - 5 AS score FROM lesson WHERE lesson MATCH "
		"?1"
		" UNION ALL SELECT id, bm25(caption, 0, 0, 1) FROM caption WHERE caption MATCH ?1)"
		" GROUP BY id ORDER BY best LIMIT ?2",
		"ti", match, (int64_t)SEARCH_MOST_HITS);
	if (r)
		return r;
	while ((r = db_step(s->db, q, why)) == 1 && *count < SEARCH_MOST_HITS)
		snprintf(hits[(*count)++].lesson, sizeof(hits[0].lesson), "%s",
			 (const char *)sqlite3_column_text(q, 0));
	sqlite3_reset(q);
	return r < 0 ? r : 0;
}
