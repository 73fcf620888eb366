// SPDX-License-Identifier: GPL-2.0-or-later
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "firmware/base/fault.h"
#include "provisioning/hub/store_sqlite.h"

#define SCHOOL_COLUMNS                                                                          \
	"code, name_ar, name_fr, name_en, country, region, region_ar, level, giga_id, lat_e6, " \
	"lon_e6,"                                                                               \
	" pupils, sample"
#define STATUS_COLUMNS                                                                          \
	"enrolled, last_seen_s, as_of_s, day_up, day_down, day_unpowered, day_unknown, in_up, " \
	"in_down,"                                                                              \
	" in_unpowered, in_unknown, down_kbps, speed_n, layer, week_last, week"

static void read_school(sqlite3_stmt *s, struct school *out)
{
	*out = (struct school){ 0 };
	store_sqlite_text(s, 0, out->code, sizeof(out->code));
	store_sqlite_text(s, 1, out->name_ar, sizeof(out->name_ar));
	store_sqlite_text(s, 2, out->name_fr, sizeof(out->name_fr));
	store_sqlite_text(s, 3, out->name_en, sizeof(out->name_en));
	store_sqlite_text(s, 4, out->country, sizeof(out->country));
	store_sqlite_text(s, 5, out->region, sizeof(out->region));
	store_sqlite_text(s, 6, out->region_ar, sizeof(out->region_ar));
	store_sqlite_text(s, 7, out->level, sizeof(out->level));
	store_sqlite_text(s, 8, out->giga_id, sizeof(out->giga_id));
	out->lat_e6 = sqlite3_column_int(s, 9);
	out->lon_e6 = sqlite3_column_int(s, 10);
	out->pupils = (uint32_t)sqlite3_column_int64(s, 11);
	out->sample = sqlite3_column_int(s, 12) != 0;
}

static int school_get(struct store *store, const char *code, struct school *out, struct fault *why)
{
	struct db *db = store_sqlite_db(store);
	sqlite3_stmt *s;
	int rc = db_query(db, &s, why, "SELECT " SCHOOL_COLUMNS " FROM school WHERE code=?", "t",
			  code);
	rc = store_sqlite_one(db, rc, s, why);
	if (rc)
		return rc;
	read_school(s, out);
	sqlite3_reset(s);
	return 0;
}

static int same_school(const struct school *a, const struct school *b)
{
	return strcmp(a->name_ar, b->name_ar) == 0 && strcmp(a->name_fr, b->name_fr) == 0 &&
	       strcmp(a->name_en, b->name_en) == 0 && strcmp(a->country, b->country) == 0 &&
	       strcmp(a->region, b->region) == 0 && strcmp(a->region_ar, b->region_ar) == 0 &&
	       strcmp(a->level, b->level) == 0 && strcmp(a->giga_id, b->giga_id) == 0 &&
	       a->lat_e6 == b->lat_e6 && a->lon_e6 == b->lon_e6 && a->pupils == b->pupils &&
	       a->sample == b->sample;
}

static int school_put(struct store *store, const struct school *n, enum store_change *out,
		      struct fault *why)
{
	struct school old;
	int rc = school_get(store, n->code, &old, why);
	if (rc && rc != -ENOENT)
		return rc;
	enum store_change change = rc                     ? STORE_ADDED
				   : same_school(&old, n) ? STORE_SAME
							  : STORE_CHANGED;
	if (change != STORE_SAME) {
		rc = db_exec(store_sqlite_db(store), why,
			     "INSERT INTO school(" SCHOOL_COLUMNS ")"
			     " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
			     " ON CONFLICT(code) DO UPDATE SET name_ar=?2, name_fr=?3, name_en=?4, "
			     "country=?5,"
			     " region=?6, region_ar=?7, level=?8, giga_id=?9, lat_e6=?10, "
			     "lon_e6=?11, pupils=?12,"
			     " sample=?13",
			     "tttttttttiiii", n->code, n->name_ar, n->name_fr, n->name_en,
			     n->country, n->region, n->region_ar, n->level, n->giga_id,
			     (int64_t)n->lat_e6, (int64_t)n->lon_e6, (int64_t)n->pupils,
			     (int64_t)n->sample);
		if (rc)
			return rc;
	}
	*out = change;
	return 0;
}

/* Seven days of five little-endian numbers; the layout is private to this file. */
struct packed_day {
	uint32_t up, down, unpowered, unknown, starts, reserved;
	uint64_t watched_s;
};

static void pack_week(const struct coverage_week *w, struct packed_day out[static COVERAGE_WEEK])
{
	for (int i = 0; i < COVERAGE_WEEK; i++)
		out[i] = (struct packed_day){
			.up = htole32(w->day[i].s.up),
			.down = htole32(w->day[i].s.down),
			.unpowered = htole32(w->day[i].s.unpowered),
			.unknown = htole32(w->day[i].s.unknown),
			.starts = htole32(w->day[i].starts),
			.watched_s = htole64(w->day[i].watched_s),
		};
}

static void unpack_week(const struct packed_day packed[static COVERAGE_WEEK],
			struct coverage_week *w)
{
	for (int i = 0; i < COVERAGE_WEEK; i++)
		w->day[i] = (struct coverage_week_day){
			.s = { le32toh(packed[i].up), le32toh(packed[i].down),
			       le32toh(packed[i].unpowered), le32toh(packed[i].unknown) },
			.starts = le32toh(packed[i].starts),
			.watched_s = le64toh(packed[i].watched_s),
		};
}

static uint32_t u32(sqlite3_stmt *s, int column)
{
	return (uint32_t)sqlite3_column_int64(s, column);
}

/* Columns from `at` on; all NULL where a school has no row yet. */
static void read_status(sqlite3_stmt *s, int at, struct school_status *out)
{
	*out = (struct school_status){ 0 };
	if (sqlite3_column_type(s, at) == SQLITE_NULL)
		return;
	out->enrolled = sqlite3_column_int(s, at) != 0;
	out->last_seen_s = sqlite3_column_int64(s, at + 1);
	out->as_of_s = sqlite3_column_int64(s, at + 2);
	out->day = (struct coverage_s){ u32(s, at + 3), u32(s, at + 4), u32(s, at + 5),
					u32(s, at + 6) };
	out->in_school = (struct coverage_s){ u32(s, at + 7), u32(s, at + 8), u32(s, at + 9),
					      u32(s, at + 10) };
	out->down_kbps = u32(s, at + 11);
	out->speed_n = u32(s, at + 12);
	store_sqlite_text(s, at + 13, out->layer, sizeof(out->layer));
	out->week.last_day = sqlite3_column_int(s, at + 14);
	struct packed_day packed[COVERAGE_WEEK];
	store_sqlite_blob(s, at + 15, packed, sizeof(packed));
	unpack_week(packed, &out->week);
}

static int status_get(struct store *store, const char *school, struct school_status *out,
		      struct fault *why)
{
	struct db *db = store_sqlite_db(store);
	sqlite3_stmt *s;
	int rc = db_query(db, &s, why, "SELECT " STATUS_COLUMNS " FROM school_state WHERE school=?",
			  "t", school);
	rc = store_sqlite_one(db, rc, s, why);
	if (rc)
		return rc;
	read_status(s, 0, out);
	sqlite3_reset(s);
	return 0;
}

static int status_put(struct store *store, const char *school, const struct school_status *n,
		      struct fault *why)
{
	struct packed_day packed[COVERAGE_WEEK];
	pack_week(&n->week, packed);
	return db_exec(store_sqlite_db(store), why,
		       "INSERT OR REPLACE INTO school_state(school, " STATUS_COLUMNS ")"
		       " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		       "tiiiiiiiiiiiiitib", school, (int64_t)n->enrolled, n->last_seen_s,
		       n->as_of_s, (int64_t)n->day.up, (int64_t)n->day.down,
		       (int64_t)n->day.unpowered, (int64_t)n->day.unknown, (int64_t)n->in_school.up,
		       (int64_t)n->in_school.down, (int64_t)n->in_school.unpowered,
		       (int64_t)n->in_school.unknown, (int64_t)n->down_kbps, (int64_t)n->speed_n,
		       n->layer, (int64_t)n->week.last_day, (const void *)packed, sizeof(packed));
}

static int schools_each(struct store *store, store_school_fn *each, void *data, struct fault *why)
{
	struct db *db = store_sqlite_db(store);
	sqlite3_stmt *s;
	int rc = db_query(db, &s, why,
			  "SELECT " SCHOOL_COLUMNS ", " STATUS_COLUMNS
			  " FROM school LEFT JOIN school_state ON school=code ORDER BY code",
			  "");
	if (rc)
		return rc;
	while ((rc = db_step(db, s, why)) == 1) {
		struct school school;
		struct school_status status;
		read_school(s, &school);
		read_status(s, 13, &status);
		rc = each(data, &school, &status);
		if (rc)
			break;
	}
	sqlite3_reset(s);
	return rc;
}

static int ticket_add(struct store *store, const struct ticket *t, struct fault *why)
{
	return db_exec(store_sqlite_db(store), why,
		       "INSERT INTO ticket(id, school, technician, claim_code, epoch, made_s) "
		       "VALUES(?, ?, ?, ?, ?, ?)",
		       "btttii", (const void *)t->id, sizeof(t->id), t->school, t->technician,
		       t->claim_code, (int64_t)t->epoch, t->made_s);
}

static int ticket_get(struct store *store, const uint8_t id[static 16], struct ticket *out,
		      struct fault *why)
{
	struct db *db = store_sqlite_db(store);
	sqlite3_stmt *s;
	int rc = db_query(db, &s, why,
			  "SELECT school, technician, claim_code, epoch, made_s, spent_by, spent_s"
			  " FROM ticket WHERE id=?",
			  "b", (const void *)id, (size_t)16);
	rc = store_sqlite_one(db, rc, s, why);
	if (rc)
		return rc;
	*out = (struct ticket){ .epoch = u32(s, 3), .made_s = sqlite3_column_int64(s, 4) };
	memcpy(out->id, id, sizeof(out->id));
	store_sqlite_text(s, 0, out->school, sizeof(out->school));
	store_sqlite_text(s, 1, out->technician, sizeof(out->technician));
	store_sqlite_text(s, 2, out->claim_code, sizeof(out->claim_code));
	out->spent = sqlite3_column_type(s, 5) != SQLITE_NULL;
	store_sqlite_blob(s, 5, out->spent_by, sizeof(out->spent_by));
	out->spent_s = sqlite3_column_int64(s, 6);
	sqlite3_reset(s);
	return 0;
}

static int ticket_spend(struct store *store, const uint8_t id[static 16],
			const uint8_t device[static 16], int64_t now_s, struct fault *why)
{
	struct db *db = store_sqlite_db(store);
	int rc = db_exec(db, why,
			 "UPDATE ticket SET spent_by=?, spent_s=? WHERE id=? AND spent_by IS NULL",
			 "bib", (const void *)device, (size_t)16, now_s, (const void *)id,
			 (size_t)16);
	if (rc)
		return rc;
	return db_changes(db) == 1 ? 0 : -EEXIST;
}

#define DEVICE_COLUMNS                                                                      \
	"id, sign_public, box_public, ticket, school, image_version, board, epoch, state, " \
	"enrolled_s"

static void read_device(sqlite3_stmt *s, struct device *out)
{
	*out = (struct device){ 0 };
	store_sqlite_blob(s, 0, out->id, sizeof(out->id));
	store_sqlite_blob(s, 1, out->sign_public, sizeof(out->sign_public));
	store_sqlite_blob(s, 2, out->box_public, sizeof(out->box_public));
	store_sqlite_blob(s, 3, out->ticket, sizeof(out->ticket));
	store_sqlite_text(s, 4, out->school, sizeof(out->school));
	store_sqlite_text(s, 5, out->image_version, sizeof(out->image_version));
	store_sqlite_text(s, 6, out->board, sizeof(out->board));
	out->epoch = u32(s, 7);
	out->state = (enum device_state)sqlite3_column_int(s, 8);
	out->enrolled_s = sqlite3_column_int64(s, 9);
}

static int device_add(struct store *store, const struct device *d, struct fault *why)
{
	return db_exec(store_sqlite_db(store), why,
		       "INSERT INTO device(" DEVICE_COLUMNS
		       ") VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		       "bbbbtttiii", (const void *)d->id, sizeof(d->id),
		       (const void *)d->sign_public, sizeof(d->sign_public),
		       (const void *)d->box_public, sizeof(d->box_public), (const void *)d->ticket,
		       sizeof(d->ticket), d->school, d->image_version, d->board, (int64_t)d->epoch,
		       (int64_t)d->state, d->enrolled_s);
}

static int device_get(struct store *store, const uint8_t id[static 16], struct device *out,
		      struct fault *why)
{
	struct db *db = store_sqlite_db(store);
	sqlite3_stmt *s;
	int rc = db_query(db, &s, why, "SELECT " DEVICE_COLUMNS " FROM device WHERE id=?", "b",
			  (const void *)id, (size_t)16);
	rc = store_sqlite_one(db, rc, s, why);
	if (rc)
		return rc;
	read_device(s, out);
	sqlite3_reset(s);
	return 0;
}

static int device_state_set(struct store *store, const uint8_t id[static 16],
			    enum device_state state, struct fault *why)
{
	struct db *db = store_sqlite_db(store);
	int rc = db_exec(db, why, "UPDATE device SET state=? WHERE id=?", "ib", (int64_t)state,
			 (const void *)id, (size_t)16);
	return rc ? rc : db_changes(db) == 1 ? 0 : -ENOENT;
}

static int devices_each(struct store *store, const char *school, store_device_fn *each, void *data,
			struct fault *why)
{
	struct db *db = store_sqlite_db(store);
	sqlite3_stmt *s;
	int rc = school ? db_query(db, &s, why,
				   "SELECT " DEVICE_COLUMNS
				   " FROM device WHERE school=? ORDER BY enrolled_s, id",
				   "t", school)
			: db_query(db, &s, why,
				   "SELECT " DEVICE_COLUMNS " FROM device ORDER BY enrolled_s, id",
				   "");
	if (rc)
		return rc;
	while ((rc = db_step(db, s, why)) == 1) {
		struct device device;
		read_device(s, &device);
		rc = each(data, &device);
		if (rc)
			break;
	}
	sqlite3_reset(s);
	return rc;
}

static int token_add(struct store *store, const uint8_t hash[static 32], enum token_role role,
		     int64_t now_s, struct fault *why)
{
	return db_exec(store_sqlite_db(store), why,
		       "INSERT INTO token(hash, role, made_s) VALUES(?, ?, ?)", "bii",
		       (const void *)hash, (size_t)32, (int64_t)role, now_s);
}

static int token_get(struct store *store, const uint8_t hash[static 32], enum token_role *out,
		     struct fault *why)
{
	int64_t role = 0;
	int rc = db_int(store_sqlite_db(store), 0, &role, why,
			"SELECT role FROM token WHERE hash=?", "b", (const void *)hash, (size_t)32);
	if (rc)
		return rc;
	if (role != TOKEN_VIEWER && role != TOKEN_OFFICER)
		return -ENOENT;
	*out = (enum token_role)role;
	return 0;
}

const struct store_registry_ops store_sqlite_registry = {
	.school_put = school_put,
	.school_get = school_get,
	.status_get = status_get,
	.status_put = status_put,
	.schools_each = schools_each,
	.ticket_add = ticket_add,
	.ticket_get = ticket_get,
	.ticket_spend = ticket_spend,
	.device_add = device_add,
	.device_get = device_get,
	.device_state_set = device_state_set,
	.devices_each = devices_each,
	.token_add = token_add,
	.token_get = token_get,
};
