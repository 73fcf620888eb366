// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/store_sqlite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

/* Tables are STRICT; those with small rows and a natural key keep their rows in the key's own tree. */
static const char schema_1[] =
	"CREATE TABLE number(name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE token(hash BLOB PRIMARY KEY, role INTEGER NOT NULL, made_s INTEGER NOT NULL)"
	" STRICT, WITHOUT ROWID;"
	"CREATE TABLE school(code TEXT PRIMARY KEY, name_ar TEXT NOT NULL, name_fr TEXT NOT NULL,"
	" name_en TEXT NOT NULL, country TEXT NOT NULL, region TEXT NOT NULL, region_ar TEXT NOT "
	"NULL,"
	" level TEXT NOT NULL, giga_id TEXT NOT NULL, lat_e6 INTEGER NOT NULL, lon_e6 INTEGER NOT "
	"NULL,"
	" pupils INTEGER NOT NULL, sample INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE school_state(school TEXT PRIMARY KEY REFERENCES school(code), enrolled "
	"INTEGER NOT NULL,"
	" last_seen_s INTEGER NOT NULL, as_of_s INTEGER NOT NULL, day_up INTEGER NOT NULL,"
	" day_down INTEGER NOT NULL, day_unpowered INTEGER NOT NULL, day_unknown INTEGER NOT NULL,"
	" in_up INTEGER NOT NULL, in_down INTEGER NOT NULL, in_unpowered INTEGER NOT NULL,"
	" in_unknown INTEGER NOT NULL, down_kbps INTEGER NOT NULL, speed_n INTEGER NOT NULL,"
	" layer TEXT NOT NULL, week_last INTEGER NOT NULL, week BLOB NOT NULL) STRICT, WITHOUT "
	"ROWID;"
	"CREATE TABLE ticket(id BLOB PRIMARY KEY, school TEXT NOT NULL REFERENCES school(code),"
	" technician TEXT NOT NULL, claim_code TEXT NOT NULL, epoch INTEGER NOT NULL, made_s "
	"INTEGER NOT NULL,"
	" spent_by BLOB, spent_s INTEGER) STRICT, WITHOUT ROWID;"
	"CREATE TABLE device(id BLOB PRIMARY KEY, sign_public BLOB NOT NULL UNIQUE, box_public "
	"BLOB NOT NULL,"
	" ticket BLOB NOT NULL UNIQUE REFERENCES ticket(id), school TEXT NOT NULL REFERENCES "
	"school(code),"
	" image_version TEXT NOT NULL, board TEXT NOT NULL, epoch INTEGER NOT NULL, state INTEGER "
	"NOT NULL,"
	" enrolled_s INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE INDEX device_of_school ON device(school, enrolled_s);"
	"CREATE TABLE head(device BLOB NOT NULL, epoch INTEGER NOT NULL, through_seq INTEGER NOT "
	"NULL,"
	" hash BLOB NOT NULL, held INTEGER NOT NULL, held_bytes INTEGER NOT NULL, PRIMARY "
	"KEY(device, epoch))"
	" STRICT, WITHOUT ROWID;"
	/* Envelopes are large: an ordinary table, the key in an index. */
	"CREATE TABLE envelope(device BLOB NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL,"
	" hash BLOB NOT NULL, previous BLOB NOT NULL, state INTEGER NOT NULL, first_day INTEGER "
	"NOT NULL,"
	" last_day INTEGER NOT NULL, received_s INTEGER NOT NULL, bytes BLOB NOT NULL,"
	" PRIMARY KEY(device, epoch, seq)) STRICT;"
	"CREATE INDEX envelope_aside ON envelope(device, epoch, state, seq) WHERE state<>1;"
	"CREATE TABLE fork(device BLOB NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL,"
	" hash BLOB NOT NULL, received_s INTEGER NOT NULL, bytes BLOB NOT NULL,"
	" PRIMARY KEY(device, epoch, seq, hash)) STRICT;"
	"CREATE TABLE receipt(id INTEGER PRIMARY KEY, school TEXT NOT NULL, device BLOB NOT NULL,"
	" epoch INTEGER NOT NULL, through_seq INTEGER NOT NULL, head_hash BLOB NOT NULL,"
	" signed_s INTEGER NOT NULL) STRICT;"
	"CREATE INDEX receipt_of_school ON receipt(school, id);"
	"CREATE TABLE uplink_hour(school TEXT NOT NULL, day INTEGER NOT NULL, hour INTEGER NOT "
	"NULL,"
	" uplink TEXT NOT NULL, kind INTEGER NOT NULL, up_s INTEGER NOT NULL, down_s INTEGER NOT "
	"NULL,"
	" unpowered_s INTEGER NOT NULL, unknown_s INTEGER NOT NULL, rx_bytes INTEGER NOT NULL,"
	" tx_bytes INTEGER NOT NULL, rtt_us INTEGER NOT NULL, down_kbps INTEGER NOT NULL,"
	" up_kbps INTEGER NOT NULL, samples INTEGER NOT NULL, PRIMARY KEY(school, day, hour, "
	"uplink))"
	" STRICT, WITHOUT ROWID;"
	"CREATE TABLE lesson_use(school TEXT NOT NULL, day INTEGER NOT NULL, lesson TEXT NOT NULL,"
	" rung TEXT NOT NULL, starts INTEGER NOT NULL, completions INTEGER NOT NULL, watched_s "
	"INTEGER NOT NULL,"
	" sent_bytes INTEGER NOT NULL, devices INTEGER NOT NULL, small_cells INTEGER NOT NULL,"
	" PRIMARY KEY(school, day, lesson, rung)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE event(device BLOB NOT NULL, number INTEGER NOT NULL, school TEXT NOT NULL,"
	" unix_s INTEGER NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL, reason TEXT NOT NULL,"
	" PRIMARY KEY(device, number)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX event_of_school ON event(school, unix_s);"
	"CREATE TABLE health(device BLOB PRIMARY KEY, unix_s INTEGER NOT NULL, image_version TEXT "
	"NOT NULL,"
	" board TEXT NOT NULL, disk_free_bytes INTEGER NOT NULL, uptime_s INTEGER NOT NULL,"
	" catalogue_version INTEGER NOT NULL, lessons_ready INTEGER NOT NULL, lessons_total "
	"INTEGER NOT NULL,"
	" settings_version INTEGER NOT NULL, root_version INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE school_day(school TEXT NOT NULL, day INTEGER NOT NULL, up_s INTEGER NOT NULL,"
	" down_s INTEGER NOT NULL, unpowered_s INTEGER NOT NULL, unknown_s INTEGER NOT NULL,"
	" PRIMARY KEY(school, day), CHECK(up_s + down_s + unpowered_s + unknown_s = 86400))"
	" STRICT, WITHOUT ROWID;"
	"CREATE TABLE region_day(country TEXT NOT NULL, region TEXT NOT NULL, day INTEGER NOT NULL,"
	" schools INTEGER NOT NULL, up_s INTEGER NOT NULL, down_s INTEGER NOT NULL, unpowered_s "
	"INTEGER NOT NULL,"
	" unknown_s INTEGER NOT NULL, PRIMARY KEY(country, region, day)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE alert(id INTEGER PRIMARY KEY, raised_s INTEGER NOT NULL, kind TEXT NOT NULL,"
	" school TEXT NOT NULL, device BLOB NOT NULL, text TEXT NOT NULL) STRICT;";

/* What boxes say of their disks. */
static const char schema_2[] =
	"ALTER TABLE health ADD COLUMN disk_bad INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE health ADD COLUMN disk_unreadable INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE health ADD COLUMN disk_read_bytes INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE health ADD COLUMN disk_read_s INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE health ADD COLUMN disk_wear INTEGER NOT NULL DEFAULT 0;";

/* What schools offer. */
static const char schema_3[] =
	"CREATE TABLE offer(device BLOB NOT NULL, lesson TEXT NOT NULL, school TEXT NOT NULL,"
	" epoch INTEGER NOT NULL, number INTEGER NOT NULL, withdrawn INTEGER NOT NULL,"
	" title_ar TEXT NOT NULL, title_fr TEXT NOT NULL, title_en TEXT NOT NULL,"
	" language TEXT NOT NULL, duration_ms INTEGER NOT NULL, film_bytes INTEGER NOT NULL,"
	" film BLOB NOT NULL, received_s INTEGER NOT NULL, PRIMARY KEY(device, lesson)) STRICT;"
	"CREATE INDEX offer_now ON offer(received_s) WHERE NOT withdrawn;";

/* What the ministry sets for boxes. */
static const char schema_4[] =
	"CREATE TABLE settings(scope TEXT PRIMARY KEY, version INTEGER NOT NULL UNIQUE,"
	" made_s INTEGER NOT NULL, record BLOB NOT NULL) STRICT;";

/* Which set of each scope a box keeps. */
static const char schema_5[] =
	"ALTER TABLE health ADD COLUMN settings_everyone INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE health ADD COLUMN settings_region INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE health ADD COLUMN settings_school INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE health ADD COLUMN settings_device INTEGER NOT NULL DEFAULT 0;";

/* What the ministry says of what schools offer. */
static const char schema_6[] = "ALTER TABLE offer ADD COLUMN subject TEXT NOT NULL DEFAULT '';"
			       "ALTER TABLE offer ADD COLUMN grade INTEGER NOT NULL DEFAULT 0;"
			       "ALTER TABLE offer ADD COLUMN said INTEGER NOT NULL DEFAULT 0;"
			       "ALTER TABLE offer ADD COLUMN reason TEXT NOT NULL DEFAULT '';"
			       "ALTER TABLE offer ADD COLUMN published TEXT NOT NULL DEFAULT '';";

/* In which order it said so, and of which offers it must look again. */
static const char schema_7[] = "ALTER TABLE offer ADD COLUMN said_nth INTEGER NOT NULL DEFAULT 0;"
			       "ALTER TABLE offer ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;";

static const char *const migrations[] = { schema_1, schema_2, schema_3, schema_4,
					  schema_5, schema_6, schema_7 };

CLEAN_FN(store, struct store, store_close)

int store_sqlite_one(struct db *db, int rc, sqlite3_stmt *s, struct fault *why)
{
	if (rc == 0) {
		rc = db_step(db, s, why);
		if (rc >= 0)
			return rc == 1 ? 0 : -ENOENT;
	}
	return rc == -ENOENT ? -EIO : rc;
}

void store_sqlite_text(sqlite3_stmt *s, int column, char *out, size_t room)
{
	const char *text = (const char *)sqlite3_column_text(s, column);
	snprintf(out, room, "%s", text ? text : "");
}

void store_sqlite_blob(sqlite3_stmt *s, int column, void *out, size_t len)
{
	const void *bytes = sqlite3_column_blob(s, column);
	size_t have = (size_t)sqlite3_column_bytes(s, column);
	memset(out, 0, len);
	if (bytes)
		memcpy(out, bytes, have < len ? have : len);
}

static void engine_close(struct store *s)
{
	db_close(store_sqlite_db(s));
	free(s);
}

static int engine_begin(struct store *s, struct fault *why)
{
	return db_begin(store_sqlite_db(s), why);
}

static int engine_commit(struct store *s, struct fault *why)
{
	return db_commit(store_sqlite_db(s), why);
}

static void engine_rollback(struct store *s)
{
	db_rollback(store_sqlite_db(s));
}

static int engine_generation(struct store *s, int64_t *out, struct fault *why)
{
	return db_int(store_sqlite_db(s), 0, out, why, "PRAGMA data_version", "");
}

static int number_get(struct store *s, const char *name, int64_t fallback, int64_t *out,
		      struct fault *why)
{
	return db_int(store_sqlite_db(s), fallback, out, why,
		      "SELECT value FROM number WHERE name=?", "t", name);
}

static int number_set(struct store *s, const char *name, int64_t value, struct fault *why)
{
	return db_exec(store_sqlite_db(s), why,
		       "INSERT INTO number(name, value) VALUES(?1, ?2)"
		       " ON CONFLICT(name) DO UPDATE SET value=?2",
		       "ti", name, value);
}

static const struct store_engine_ops engine = {
	.close = engine_close,
	.begin = engine_begin,
	.commit = engine_commit,
	.rollback = engine_rollback,
	.generation = engine_generation,
	.number_get = number_get,
	.number_set = number_set,
};

int store_sqlite_open(const char *path, struct store **out, struct fault *why)
{
	struct sqlite_store *made = calloc(1, sizeof(*made));
	if (!made)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	CLEANUP(clean_store) struct store *s = &made->base;
	*s = (struct store){ &engine, &store_sqlite_registry, &store_sqlite_ledger,
			     &store_sqlite_rows, &store_sqlite_exchange };
	int rc = db_open(path, DB_FULL, migrations, ARRAY_LEN(migrations), &made->db, why);
	if (rc)
		return rc;
	*out = MOVE_PTR(s);
	return 0;
}
