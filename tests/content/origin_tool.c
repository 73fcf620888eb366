// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <pb_decode.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"
#include "firmware/record/catalogue.pb.h"
#include "firmware/record/codec.h"
#include "firmware/record/objmap.h"
#include "firmware/record/root.pb.h"
#include "firmware/record/signed.h"
#include "firmware/record/trust.h"

/*
 * A ministry of tests: key sets from fixed seeds, and a static origin tree with one lesson.
 *
 *	content-origin root N OUT			root N: root N > 1 gives the content role to other keys
 *	content-origin publish ORIGIN VERSION TITLE KEYS MEZZANINE PLAN [POSTER [CAPTIONS]]
 *							KEYS: 1 the content keys of root 1, 2 of root 2, 0 a stranger's;
 *							prints the id of the mezzanine
 *	content-origin papers ORIGIN VERSION FILE...	one item with files to download, /m/papers-1/files/NAME; prints their ids
 *	content-origin files ORIGIN VERSION FILM SEGMENTS [FILE…]
 *							a film of that id whose bytes are nowhere, and a document for
 *							each FILE, with the file's name as id and as the name of its
 *							attachment; keys of root 1
 *	content-origin lessons ORIGIN VERSION MEZZANINE PLAN NAME[=DAY]...
 *							a lesson for each NAME, every one with bytes of its own (a box at the end
 *							of the film); those with a DAY (since 1970, 0: none) are in a programme
 */
#define FILE_LIMIT (1u << 30)

static const struct text_const {
	const char *subject, *lesson;
} names = { "mathematics", "fractions-1" };

static void die(const char *what, const struct fault *why)
{
	fprintf(stderr, "content-origin: %s: %s\n", what, why ? why->text : strerror(errno));
	exit(1);
}

static struct signed_key key_of(unsigned number)
{
	struct signed_key key;
	uint8_t seed[32];
	memset(seed, (int)number, sizeof(seed));
	crypto_sign_seed_keypair(key.public_key, key.secret_key, seed);
	return key;
}

static void add_role(wasl_Root *root, uint32_t role, uint32_t threshold, unsigned first,
		     unsigned count)
{
	wasl_RoleKeys *to = &root->roles[root->roles_count++];
	*to = (wasl_RoleKeys){ .role = role, .threshold = threshold, .version = 1 };
	to->public_keys = calloc(count, sizeof(*to->public_keys));
	for (unsigned i = 0; i < count; i++) {
		struct signed_key key = key_of(first + i);
		if (codec_bytes(key.public_key, 32, &to->public_keys[i], NULL))
			die("root", NULL);
	}
	to->public_keys_count = (pb_size_t)count;
}

static void write_root(unsigned number, const char *out)
{
	wasl_Root root = { .version = number, .country = "TN" };
	struct signed_key keys[3] = { key_of(1), key_of(2), key_of(3) };
	AUTO_FREE void *body = NULL;
	AUTO_FREE void *bytes = NULL;
	size_t body_len = 0, len = 0;
	struct fault why = { 0 };
	add_role(&root, TRUST_ROOT, 2, 1, 3);
	add_role(&root, TRUST_CONTENT, 1, number == 1 ? 11 : 21, 1);
	if (codec_encode(wasl_Root_fields, &root, &body, &body_len, &why) ||
	    signed_make(SIGNED_ROOT, body, body_len, keys, 3, &bytes, &len, &why) ||
	    fileio_replace(out, bytes, len, 0644, &why))
		die(out, &why);
	pb_release(wasl_Root_fields, &root);
}

static void read_file(const char *path, void **out, size_t *len)
{
	struct fault why = { 0 };
	if (fileio_read(path, FILE_LIMIT, out, len, &why))
		die(path, &why);
}

static void put_file(const char *origin, const char *kind, const char *name, const void *bytes,
		     size_t len)
{
	char path[PATH_MAX];
	struct fault why = { 0 };
	snprintf(path, sizeof(path), "%s/wasl/v1/%s", origin, kind);
	if (paths_mkdir(path, 0755, &why))
		die(path, &why);
	snprintf(path, sizeof(path), "%s/wasl/v1/%s/%s", origin, kind, name);
	if (fileio_replace(path, bytes, len, 0644, &why))
		die(path, &why);
}

CLEAN_FN(maker, struct objmap_maker, objmap_maker_free)
CLEAN_FN(map, struct objmap, objmap_free)

static wasl_ObjectRef put_object(const char *origin, const char *from, const char *type,
				 const char *name)
{
	AUTO_FREE void *bytes = NULL;
	size_t len = 0, map_len = 0;
	read_file(from, &bytes, &len);
	CLEANUP(clean_maker) struct objmap_maker *maker = objmap_maker_new();
	CLEANUP(clean_map) struct objmap *map = NULL;
	if (!maker || objmap_maker_feed(maker, bytes, len) || objmap_maker_finish(maker, &map))
		die(from, NULL);
	char hex[65];
	objmap_id_hex(objmap_get_id(map), hex);
	const void *raw = objmap_raw(map, &map_len);
	put_file(origin, "map", hex, raw, map_len);
	put_file(origin, "object", hex, bytes, len);
	wasl_ObjectRef ref = { .size_bytes = len };
	memcpy(ref.id, objmap_get_id(map)->b, sizeof(ref.id));
	snprintf(ref.media_type, sizeof(ref.media_type), "%s", type);
	snprintf(ref.name, sizeof(ref.name), "%s", name);
	return ref;
}

static void read_plan(const char *path, wasl_Plan *out)
{
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	struct fault why = { 0 };
	read_file(path, &bytes, &len);
	if (codec_decode(wasl_Plan_fields, bytes, len, out, &why))
		die(path, &why);
}

static uint64_t duration_ms(const wasl_Plan *plan)
{
	const wasl_Segment *last = &plan->segments[plan->segments_count - 1];
	return (last->start_ticks + last->duration_ticks) * 1000 / plan->timescale;
}

static void sign_and_put(const char *origin, const wasl_Catalogue *c, unsigned keys)
{
	static const unsigned numbers[] = { 99, 11, 21 };
	struct signed_key key = key_of(numbers[keys]);
	AUTO_FREE void *body = NULL;
	AUTO_FREE void *bytes = NULL;
	size_t body_len = 0, len = 0;
	struct fault why = { 0 };
	char name[16];
	if (codec_encode(wasl_Catalogue_fields, c, &body, &body_len, &why) ||
	    signed_make(SIGNED_CATALOGUE, body, body_len, &key, 1, &bytes, &len, &why))
		die("catalogue", &why);
	snprintf(name, sizeof(name), "%u", c->version);
	put_file(origin, "catalogue", name, bytes, len);
	put_file(origin, "catalogue", "latest", bytes, len);
}

static char *copy(const char *text)
{
	char *out = strdup(text);
	if (!out)
		die("memory", NULL);
	return out;
}

static void publish(char **arg)
{
	const char *origin = arg[0];
	AUTO_FREE char *title = copy(arg[2]);
	AUTO_FREE char *subject = copy(names.subject);
	AUTO_FREE char *subject_title = copy("Mathematics");
	wasl_Captions captions = { .language = "ar", .label = "العربية", .has_vtt = true };
	wasl_Item item = { .kind = 1,
			   .has_title = true,
			   .grade = 7,
			   .language = "ar",
			   .has_mezzanine = true,
			   .has_plan = true };
	wasl_Text subject_text = { .en = subject_title };
	wasl_Catalogue c = { .version = (uint32_t)strtoul(arg[1], NULL, 10),
			     .items_count = 1,
			     .items = &item,
			     .subjects_title_count = 1,
			     .subjects_title = &subject_text,
			     .subjects_id_count = 1,
			     .subjects_id = &subject };
	snprintf(item.id, sizeof(item.id), "%s", names.lesson);
	snprintf(item.subject, sizeof(item.subject), "%s", names.subject);
	item.title.en = title;
	read_plan(arg[5], &item.plan);
	item.mezzanine = put_object(origin, arg[4], "video/mp4", "lesson.mp4");
	item.duration_ms = duration_ms(&item.plan);
	if (arg[6]) {
		item.has_poster = true;
		item.poster = put_object(origin, arg[6], "image/jpeg", "poster.jpg");
	}
	if (arg[6] && arg[7]) {
		captions.vtt = put_object(origin, arg[7], "text/vtt", "ar.vtt");
		item.captions = &captions;
		item.captions_count = 1;
	}
	sign_and_put(origin, &c, (unsigned)strtoul(arg[3], NULL, 10) % 3);
	pb_release(wasl_Plan_fields, &item.plan);
	char hex[65];
	struct objmap_id id;
	memcpy(id.b, item.mezzanine.id, sizeof(id.b));
	objmap_id_hex(&id, hex);
	puts(hex);
}

static void publish_papers(char **arg)
{
	enum { MOST = 16 };
	wasl_ObjectRef files[MOST];
	AUTO_FREE char *title = copy("Papers");
	wasl_Item item = { .kind = 3, .has_title = true, .grade = 7, .attachments = files };
	wasl_Catalogue c = { .version = (uint32_t)strtoul(arg[1], NULL, 10),
			     .items_count = 1,
			     .items = &item };
	snprintf(item.id, sizeof(item.id), "papers-1");
	item.title.en = title;
	for (char **file = arg + 2; *file && item.attachments_count < MOST; file++) {
		const char *slash = strrchr(*file, '/');
		char hex[65];
		struct objmap_id id;
		wasl_ObjectRef *ref = &files[item.attachments_count++];
		*ref = put_object(arg[0], *file, "application/octet-stream",
				  slash ? slash + 1 : *file);
		memcpy(id.b, ref->id, sizeof(id.b));
		objmap_id_hex(&id, hex);
		puts(hex);
	}
	sign_and_put(arg[0], &c, 1);
}

/* Planned and never there: nothing can be fetched or cooked of it. */
static wasl_Item film_of_nothing(char *title, const char *id, uint32_t segments)
{
	enum { TIMESCALE = 1000, SEGMENT_MS = 4000, SIZE = 1 << 20 };
	wasl_Item item = {
		.kind = 1,
		.has_title = true,
		.title.en = title,
		.has_mezzanine = true,
		.has_plan = true,
		.duration_ms = (uint64_t)segments * SEGMENT_MS,
		.mezzanine = { .size_bytes = SIZE, .media_type = "video/mp4", .name = "film.mp4" },
		.plan = { .version = 1,
			  .timescale = TIMESCALE,
			  .segments_count = (pb_size_t)segments,
			  .width = 640,
			  .height = 360,
			  .fps_num = 25,
			  .fps_den = 1,
			  .head_bytes = 1 }
	};
	snprintf(item.id, sizeof(item.id), "%s", id);
	memset(item.mezzanine.id, 0xee, sizeof(item.mezzanine.id));
	item.plan.segments = calloc(segments, sizeof(*item.plan.segments));
	if (!item.plan.segments)
		die("memory", NULL);
	for (uint32_t i = 0; i < segments; i++)
		item.plan.segments[i] = (wasl_Segment){ .start_ticks = (uint64_t)i * SEGMENT_MS,
							.duration_ticks = SEGMENT_MS,
							.byte_len = SIZE };
	return item;
}

static void publish_files(char **arg, size_t count)
{
	AUTO_FREE char *title = copy("Bytes");
	AUTO_FREE wasl_Item *items = calloc(count + 1, sizeof(*items));
	AUTO_FREE wasl_ObjectRef *files = calloc(count + 1, sizeof(*files));
	if (!items || !files)
		die("memory", NULL);
	items[0] = film_of_nothing(title, arg[2], (uint32_t)strtoul(arg[3], NULL, 10));
	for (size_t i = 0; i < count; i++) {
		const char *path = arg[4 + i];
		const char *slash = strrchr(path, '/');
		const char *name = slash ? slash + 1 : path;
		files[i] = put_object(arg[0], path, "application/octet-stream", name);
		wasl_Item *item = &items[i + 1];
		*item = (wasl_Item){ .kind = 3,
				     .has_title = true,
				     .title.en = title,
				     .attachments = &files[i],
				     .attachments_count = 1 };
		snprintf(item->id, sizeof(item->id), "%s", name);
	}
	const wasl_Catalogue c = { .version = (uint32_t)strtoul(arg[1], NULL, 10),
				   .items_count = (pb_size_t)count + 1,
				   .items = items };
	sign_and_put(arg[0], &c, 1);
	free(items[0].plan.segments);
}

/* The film with one more box, so that no two lessons share an object. */
static wasl_ObjectRef put_film(const char *origin, const char *from, const char *name)
{
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	char path[4096];
	uint8_t box[8 + 64] = { 0, 0, 0, sizeof(box), 'f', 'r', 'e', 'e' };
	struct fault why = { 0 };
	snprintf((char *)box + 8, sizeof(box) - 8, "%s", name);
	read_file(from, &bytes, &len);
	AUTO_FREE uint8_t *film = malloc(len + sizeof(box));
	if (!film)
		die("memory", NULL);
	memcpy(film, bytes, len);
	memcpy(film + len, box, sizeof(box));
	snprintf(path, sizeof(path), "%s/film.tmp", origin);
	if (fileio_replace(path, film, len + sizeof(box), 0644, &why))
		die(path, &why);
	return put_object(origin, path, "video/mp4", "lesson.mp4");
}

static void publish_lessons(char **arg, size_t count)
{
	AUTO_FREE char *title = copy("Lesson");
	AUTO_FREE wasl_Item *items = calloc(count, sizeof(*items));
	AUTO_FREE wasl_Programme *programmes = calloc(count, sizeof(*programmes));
	AUTO_FREE char **names_of = calloc(count, sizeof(*names_of));
	wasl_Catalogue c = { .version = (uint32_t)strtoul(arg[1], NULL, 10),
			     .items_count = (pb_size_t)count,
			     .items = items,
			     .programmes = programmes };
	if (!items || !programmes || !names_of)
		die("memory", NULL);
	for (size_t i = 0; i < count; i++) {
		char *name = arg[4 + i], *day = strchr(name, '=');
		if (day)
			*day++ = '\0';
		items[i] = (wasl_Item){ .kind = 1,
					.has_title = true,
					.title.en = title,
					.grade = 7,
					.language = "ar",
					.has_mezzanine = true,
					.mezzanine = put_film(arg[0], arg[2], name),
					.has_plan = true };
		snprintf(items[i].id, sizeof(items[i].id), "%s", name);
		read_plan(arg[3], &items[i].plan);
		items[i].duration_ms = duration_ms(&items[i].plan);
		if (!day)
			continue;
		wasl_Programme *p = &programmes[c.programmes_count];
		names_of[c.programmes_count] = name;
		*p = (wasl_Programme){ .has_title = true,
				       .title.en = title,
				       .grade = 7,
				       .needed_by_day = (int32_t)strtol(day, NULL, 10),
				       .item_ids = &names_of[c.programmes_count++],
				       .item_ids_count = 1 };
		snprintf(p->id, sizeof(p->id), "p-%s", name);
	}
	sign_and_put(arg[0], &c, 1);
	for (size_t i = 0; i < count; i++)
		pb_release(wasl_Plan_fields, &items[i].plan);
}

int main(int argc, char **argv)
{
	if (sodium_init() < 0)
		return 1;
	if (argc == 4 && strcmp(argv[1], "root") == 0)
		write_root((unsigned)strtoul(argv[2], NULL, 10), argv[3]);
	else if (argc >= 8 && argc <= 10 && strcmp(argv[1], "publish") == 0)
		publish(argv + 2);
	else if (argc >= 5 && strcmp(argv[1], "papers") == 0)
		publish_papers(argv + 2);
	else if (argc >= 6 && strcmp(argv[1], "files") == 0)
		publish_files(argv + 2, (size_t)argc - 6);
	else if (argc >= 7 && strcmp(argv[1], "lessons") == 0)
		publish_lessons(argv + 2, (size_t)argc - 6);
	else
		return 2;
	return 0;
}
