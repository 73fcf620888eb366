// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "firmware/base/fault.h"
#include "provisioning/hub/store_sqlite.h"

static uint32_t u32(sqlite3_stmt *s, int column)
{
	return (uint32_t)sqlite3_column_int64(s, column);
}

static uint64_t u64(sqlite3_stmt *s, int column)
{
	return (uint64_t)sqlite3_column_int64(s, column);
}

#define HOUR_COLUMNS                                                                          \
	"day, hour, uplink, kind, up_s, down_s, unpowered_s, unknown_s, rx_bytes, tx_bytes, " \
	"rtt_us, down_kbps,"                                                                  \
	" up_kbps, samples"

static void read_hour(sqlite3_stmt *s, struct coverage_hour *out)
{
	*out = (struct coverage_hour){
		.day = sqlite3_column_int(s, 0),
		.hour = (uint8_t)sqlite3_column_int(s, 1),
		.kind = (uint8_t)sqlite3_column_int(s, 3),
		.s = { u32(s, 4), u32(s, 5), u32(s, 6), u32(s, 7) },
		.rx_bytes = u64(s, 8),
		.tx_bytes = u64(s, 9),
		.rtt_us = u32(s, 10),
		.down_kbps = u32(s, 11),
		.up_kbps = u32(s, 12),
		.samples = u32(s, 13),
	};
	store_sqlite_text(s, 2, out->uplink, sizeof(out->uplink));
}

static int hour_get(struct store *store, const char *school, int32_t day, uint8_t hour,
		    const char *uplink, struct coverage_hour *out, struct fault *why)
{
	struct db *db = store_sqlite_db(store);
	sqlite3_stmt *s;
	int rc = db_query(db, &s, why,
			  "SELECT " HOUR_COLUMNS
			  " FROM uplink_hour WHERE school=? AND day=? AND hour=? AND uplink=?",
			  "tiit", school, (int64_t)day, (int64_t)hour, uplink);
	rc = store_sqlite_one(db, rc, s, why);
	if (rc)
		return rc;
	read_hour(s, out);
	sqlite3_reset(s);
	return 0;
}

static int hour_put(struct store *store, const char *school, const struct coverage_hour *h,
		    struct fault *why)
{
	return db_exec(store_sqlite_db(store), why,
		       "INSERT OR REPLACE INTO uplink_hour(school, " HOUR_COLUMNS ")"
		       " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		       "tiitiiiiiiiiiii", school, (int64_t)h->day, (int64_t)h->hour, h->uplink,
		       (int64_t)h->kind, (int64_t)h->s.up, (int64_t)h->s.down,
		       (int64_t)h->s.unpowered, (int64_t)h->s.unknown, (int64_t)h->rx_bytes,
		       (int64_t)h->tx_bytes, (int64_t)h->rtt_us, (int64_t)h->down_kbps,
		       (int64_t)h->up_kbps, (int64_t)h->samples);
}

static int hours_each(struct store *store, const char *school, int32_t from, int32_t to,
		      store_hour_fn *each, void *data, struct fault *why)
{
	struct db *db = store_sqlite_db(store);
	sqlite3_stmt *s;
	int rc = db_query(db, &s, why,
			  "SELECT " HOUR_COLUMNS
			  " FROM uplink_hour WHERE school=? AND day BETWEEN ? AND ?"
			  " ORDER BY day, hour, uplink",
			  "tii", school, (int64_t)from, (int64_t)to);
	if (rc)
		return rc;
	while ((rc = db_step(db, s, why)) == 1) {
		struct coverage_hour hour;
		read_hour(s, &hour);
		rc = each(data, &hour);
		if (rc)
			break;
	}
	sqlite3_reset(s);
	return rc;
}

static int hour_last(struct store *store, const char *school, int32_t *day, uint8_t *hour,
		     struct fault *why)
{
	struct db *db = store_sqlite_db(store);
	sqlite3_stmt *s;
	int rc = db_query(db, &s, why,
			  "SELECT day, hour FROM uplink_hour WHERE school=? AND up_s + down_s + "
			  "unpowered_s > 0"
			  " ORDER BY day DESC, hour DESC LIMIT 1",
			  "t", school);
	rc = store_sqlite_one(db, rc, s, why);
	if (rc)
		return rc;
	*day = sqlite3_column_int(s, 0);
	*hour = (uint8_t)sqlite3_column_int(s, 1);
	sqlite3_reset(s);
	return 0;
}

static int use_add(struct store *store, const char *school, const struct lesson_use *u,
		   struct fault *why)
{
	return db_exec(
		store_sqlite_db(store), why,
		"INSERT INTO lesson_use(school, day, lesson, rung, starts, completions, watched_s, "
		"sent_bytes,"
		" devices, small_cells) VALUES(?, ?, ?, ?, ?5, ?6, ?7, ?8, ?9, ?10)"
		" ON CONFLICT(school, day, lesson, rung) DO UPDATE SET"
		" starts=min(starts+?5, 4294967295), completions=min(completions+?6, 4294967295),"
		" watched_s=min(watched_s+?7, 1<<60), sent_bytes=min(sent_bytes+?8, 1<<60),"
		" devices=min(devices+?9, 4294967295), small_cells=min(small_cells+?10, "
		"4294967295)",
		"tittiiiiii", school, (int64_t)u->day, u->lesson, u->rung, (int64_t)u->starts,
		(int64_t)u->completions, (int64_t)u->watched_s, (int64_t)u->sent_bytes,
		(int64_t)u->devices, (int64_t)u->small_cells);
}

static int uses_each(struct store *store, const char *school, int32_t from, int32_t to,
		     store_use_fn *each, void *data, struct fault *why)
{
	struct db *db = store_sqlite_db(store);
	sqlite3_stmt *s;
	int rc = db_query(db, &s, why,
			  "SELECT day, lesson, rung, starts, completions, watched_s, sent_bytes, "
			  "devices, small_cells"
			  " FROM lesson_use WHERE school=? AND day BETWEEN ? AND ? ORDER BY day, "
			  "lesson, rung",
			  "tii", school, (int64_t)from, (int64_t)to);
	if (rc)
		return rc;
	while ((rc = db_step(db, s, why)) == 1) {
		struct lesson_use use = { .day = sqlite3_column_int(s, 0),
					  .starts = u32(s, 3),
					  .completions = u32(s, 4),
					  .watched_s = u64(s, 5),
					  .sent_bytes = u64(s, 6),
					  .devices = u32(s, 7),
					  .small_cells = u32(s, 8) };
		store_sqlite_text(s, 1, use.lesson, sizeof(use.lesson));
		store_sqlite_text(s, 2, use.rung, sizeof(use.rung));
		rc = each(data, &use);
		if (rc)
			break;
	}
	sqlite3_reset(s);
	return rc;
}

static int event_put(struct store *store, const uint8_t device[static 16], const char *school,
		     const struct box_event *e, struct fault *why)
{
	return db_exec(
		store_sqlite_db(store), why,
		"INSERT OR IGNORE INTO event(device, number, school, unix_s, kind, subject, reason)"
		" VALUES(?, ?, ?, ?, ?, ?, ?)",
		"bitittt", (const void *)device, (size_t)16, (int64_t)e->number, school, e->unix_s,
		e->kind, e->subject, e->reason);
}

static int events_each(struct store *store, const char *school, int limit, store_event_fn *each,
		       void *data, struct fault *why)
{
	struct db *db = store_sqlite_db(store);
	sqlite3_stmt *s;
	int rc = db_query(db, &s, why,
			  "SELECT number, unix_s, kind, subject, reason FROM event WHERE school=?"
			  " ORDER BY unix_s DESC, number DESC LIMIT ?",
			  "ti", school, (int64_t)limit);
	if (rc)
		return rc;
	while ((rc = db_step(db, s, why)) == 1) {
		struct box_event e = { .number = u64(s, 0), .unix_s = sqlite3_column_int64(s, 1) };
		store_sqlite_text(s, 2, e.kind, sizeof(e.kind));
		store_sqlite_text(s, 3, e.subject, sizeof(e.subject));
		store_sqlite_text(s, 4, e.reason, sizeof(e.reason));
		rc = each(data, &e);
		if (rc)
			break;
	}
	sqlite3_reset(s);
	return rc;
}

static int health_put(struct store *store, const uint8_t device[static 16],
		      const struct box_health *h, struct fault *why)
{
	return db_exec(
		store_sqlite_db(store), why,
		"INSERT INTO health(device, unix_s, image_version, board, disk_free_bytes, "
		"uptime_s,"
		" catalogue_version, lessons_ready, lessons_total, settings_version, root_version,"
		" disk_bad, disk_unreadable, disk_read_bytes, disk_read_s, disk_wear,"
		" settings_everyone, settings_region, settings_school, settings_device)"
		" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,"
		" ?17, ?18, ?19, ?20)"
		" ON CONFLICT(device) DO UPDATE SET"
		" unix_s=?2, image_version=?3, board=?4, disk_free_bytes=?5, uptime_s=?6,"
		" catalogue_version=?7, lessons_ready=?8, lessons_total=?9, settings_version=?10,"
		" root_version=?11, disk_bad=?12, disk_unreadable=?13, disk_read_bytes=?14,"
		" disk_read_s=?15, disk_wear=?16, settings_everyone=?17, settings_region=?18,"
		" settings_school=?19, settings_device=?20 WHERE ?2 >= unix_s",
		"bittiiiiiiiiiiiiiiii", (const void *)device, (size_t)16, h->unix_s,
		h->image_version, h->board, (int64_t)h->disk_free_bytes, (int64_t)h->uptime_s,
		(int64_t)h->catalogue_version, (int64_t)h->lessons_ready, (int64_t)h->lessons_total,
		(int64_t)h->settings_version, (int64_t)h->root_version, (int64_t)h->disk_bad,
		(int64_t)h->disk_unreadable, (int64_t)h->disk_read_bytes, h->disk_read_s,
		(int64_t)h->disk_wear, (int64_t)h->settings_at[MANAGE_EVERYONE],
		(int64_t)h->settings_at[MANAGE_REGION], (int64_t)h->settings_at[MANAGE_SCHOOL],
		(int64_t)h->settings_at[MANAGE_DEVICE]);
}

static int health_get(struct store *store, const uint8_t device[static 16], struct box_health *out,
		      struct fault *why)
{
	struct db *db = store_sqlite_db(store);
	sqlite3_stmt *s;
	int rc = db_query(
		db, &s, why,
		"SELECT unix_s, image_version, board, disk_free_bytes, uptime_s, catalogue_version,"
		" lessons_ready, lessons_total, settings_version, root_version, disk_bad,"
		" disk_unreadable, disk_read_bytes, disk_read_s, disk_wear, settings_everyone,"
		" settings_region, settings_school, settings_device FROM health WHERE device=?",
		"b", (const void *)device, (size_t)16);
	rc = store_sqlite_one(db, rc, s, why);
	if (rc)
		return rc;
	*out = (struct box_health){ .unix_s = sqlite3_column_int64(s, 0),
				    .disk_free_bytes = u64(s, 3),
				    .uptime_s = u32(s, 4),
				    .catalogue_version = u32(s, 5),
				    .lessons_ready = u32(s, 6),
				    .lessons_total = u32(s, 7),
				    .settings_version = u32(s, 8),
				    .root_version = u32(s, 9),
				    .disk_bad = u64(s, 10),
				    .disk_unreadable = u64(s, 11),
				    .disk_read_bytes = u64(s, 12),
				    .disk_read_s = sqlite3_column_int64(s, 13),
				    .disk_wear = u32(s, 14),
				    .settings_at = { u32(s, 15), u32(s, 16), u32(s, 17),
						     u32(s, 18) } };
	store_sqlite_text(s, 1, out->image_version, sizeof(out->image_version));
	store_sqlite_text(s, 2, out->board, sizeof(out->board));
	sqlite3_reset(s);
	return 0;
}

static int day_get(struct store *store, const char *school, int32_t day, struct coverage_s *out,
		   struct fault *why)
{
	struct db *db = store_sqlite_db(store);
	sqlite3_stmt *s;
	int rc = db_query(db, &s, why,
			  "SELECT up_s, down_s, unpowered_s, unknown_s FROM school_day WHERE "
			  "school=? AND day=?",
			  "ti", school, (int64_t)day);
	rc = store_sqlite_one(db, rc, s, why);
	if (rc)
		return rc;
	*out = (struct coverage_s){ u32(s, 0), u32(s, 1), u32(s, 2), u32(s, 3) };
	sqlite3_reset(s);
	return 0;
}

static int day_put(struct store *store, const char *school, int32_t day,
		   const struct coverage_s *sum, struct fault *why)
{
	return db_exec(store_sqlite_db(store), why,
		       "INSERT INTO school_day(school, day, up_s, down_s, unpowered_s, unknown_s)"
		       " VALUES(?, ?, ?3, ?4, ?5, ?6) ON CONFLICT(school, day) DO UPDATE SET "
		       "up_s=?3, down_s=?4,"
		       " unpowered_s=?5, unknown_s=?6",
		       "tiiiii", school, (int64_t)day, (int64_t)sum->up, (int64_t)sum->down,
		       (int64_t)sum->unpowered, (int64_t)sum->unknown);
}

static int days_each(struct store *store, const char *school, int32_t from, int32_t to,
		     store_day_fn *each, void *data, struct fault *why)
{
	struct db *db = store_sqlite_db(store);
	sqlite3_stmt *s;
	int rc = db_query(db, &s, why,
			  "SELECT day, up_s, down_s, unpowered_s, unknown_s FROM school_day"
			  " WHERE school=? AND day BETWEEN ? AND ? ORDER BY day",
			  "tii", school, (int64_t)from, (int64_t)to);
	if (rc)
		return rc;
	while ((rc = db_step(db, s, why)) == 1) {
		struct coverage_s sum = { u32(s, 1), u32(s, 2), u32(s, 3), u32(s, 4) };
		rc = each(data, sqlite3_column_int(s, 0), &sum);
		if (rc)
			break;
	}
	sqlite3_reset(s);
	return rc;
}

static int region_day_add(struct store *store, const char *country, const char *region, int32_t day,
			  const struct region_delta *d, struct fault *why)
{
	return db_exec(
		store_sqlite_db(store), why,
		"INSERT INTO region_day(country, region, day, schools, up_s, down_s, unpowered_s, "
		"unknown_s)"
		" VALUES(?, ?, ?, ?4, ?5, ?6, ?7, ?8) ON CONFLICT(country, region, day) DO UPDATE "
		"SET"
		" schools=schools+?4, up_s=up_s+?5, down_s=down_s+?6, unpowered_s=unpowered_s+?7,"
		" unknown_s=unknown_s+?8",
		"ttiiiiii", country, region, (int64_t)day, d->schools, d->up, d->down, d->unpowered,
		d->unknown);
}

static int region_days_each(struct store *store, const char *country, const char *region,
			    int32_t from, int32_t to, store_region_day_fn *each, void *data,
			    struct fault *why)
{
	struct db *db = store_sqlite_db(store);
	sqlite3_stmt *s;
	int rc = db_query(
		db, &s, why,
		"SELECT day, sum(schools), sum(up_s), sum(down_s), sum(unpowered_s), sum(unknown_s)"
		" FROM region_day WHERE day BETWEEN ?1 AND ?2 AND (?3='' OR country=?3) AND (?4='' "
		"OR region=?4)"
		" GROUP BY day ORDER BY day",
		"iitt", (int64_t)from, (int64_t)to, country, region);
	if (rc)
		return rc;
	while ((rc = db_step(db, s, why)) == 1) {
		struct region_delta sum = { sqlite3_column_int64(s, 1), sqlite3_column_int64(s, 2),
					    sqlite3_column_int64(s, 3), sqlite3_column_int64(s, 4),
					    sqlite3_column_int64(s, 5) };
		rc = each(data, sqlite3_column_int(s, 0), &sum);
		if (rc)
			break;
	}
	sqlite3_reset(s);
	return rc;
}

static int alert_put(struct store *store, const struct alert *a, struct fault *why)
{
	return db_exec(
		store_sqlite_db(store), why,
		"INSERT INTO alert(raised_s, kind, school, device, text) VALUES(?, ?, ?, ?, ?)",
		"ittbt", a->raised_s, a->kind, a->school, (const void *)a->device,
		sizeof(a->device), a->text);
}

static int alerts_each(struct store *store, int limit, store_alert_fn *each, void *data,
		       struct fault *why)
{
	struct db *db = store_sqlite_db(store);
	sqlite3_stmt *s;
	int rc = db_query(db, &s, why,
			  "SELECT id, raised_s, kind, school, device, text FROM alert ORDER BY id "
			  "DESC LIMIT ?",
			  "i", (int64_t)limit);
	if (rc)
		return rc;
	while ((rc = db_step(db, s, why)) == 1) {
		struct alert a = { .id = sqlite3_column_int64(s, 0),
				   .raised_s = sqlite3_column_int64(s, 1) };
		store_sqlite_text(s, 2, a.kind, sizeof(a.kind));
		store_sqlite_text(s, 3, a.school, sizeof(a.school));
		store_sqlite_blob(s, 4, a.device, sizeof(a.device));
		store_sqlite_text(s, 5, a.text, sizeof(a.text));
		rc = each(data, &a);
		if (rc)
			break;
	}
	sqlite3_reset(s);
	return rc;
}

const struct store_rows_ops store_sqlite_rows = {
	.hour_get = hour_get,
	.hour_put = hour_put,
	.hours_each = hours_each,
	.hour_last = hour_last,
	.use_add = use_add,
	.uses_each = uses_each,
	.event_put = event_put,
	.events_each = events_each,
	.health_put = health_put,
	.health_get = health_get,
	.day_get = day_get,
	.day_put = day_put,
	.days_each = days_each,
	.region_day_add = region_day_add,
	.region_days_each = region_days_each,
	.alert_put = alert_put,
	.alerts_each = alerts_each,
};
