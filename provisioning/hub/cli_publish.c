// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pb_decode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/paths.h"
#include "provisioning/hub/cli.h"
#include "provisioning/hub/edition.h"
#include "provisioning/hub/keyring.h"
#include "provisioning/hub/mezzanine.h"
#include "provisioning/hub/origin.h"
#include "provisioning/hub/sidecar.h"

enum { LESSONS_MAX = 2000 };

CLEAN_FN(store, struct store, store_close)
CLEAN_FN(trust, struct trust, trust_free)

static void clean_item(wasl_Item *item)
{
	pb_release(wasl_Item_fields, item);
}

static void clean_mezzanine(struct mezzanine *m)
{
	mezzanine_done(m);
}

static void clean_folder(DIR **held)
{
	if (*held)
		closedir(*held);
}

/* One publishing under way. */
struct press {
	const char *dir, *program;
	struct edition edition;
	struct signed_key content_key;
	unsigned refused;
};

static void clean_press(struct press *p)
{
	edition_done(&p->edition);
	signed_key_wipe(&p->content_key);
}

/* On a terminal one line that changes, in a log a line for each tenth. */
static void show_progress(void *data, int percent)
{
	const wasl_Item *item = data;
	if (isatty(STDOUT_FILENO))
		printf("\r%s: encoding %3d %%%s", item->id, percent, percent == 100 ? "\n" : "");
	else if (percent % 10 == 0)
		printf("%s: encoding %d %%\n", item->id, percent);
	fflush(stdout);
}

static const char *language_name(const char *code)
{
	static const struct {
		const char *code, *name;
	} names[] = { { "ar", "العربية" },
		      { "fr", "Français" },
		      { "en", "English" },
		      { "zgh", "ⵜⴰⵎⴰⵣⵉⵖⵜ" } };
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(names[i].code, code) == 0)
			return names[i].name;
	return code;
}

static int out_of_memory(struct fault *why)
{
	return fault_set(why, -ENOMEM, "memory", "out of memory");
}

static int put_captions(const struct press *p, const struct sidecar *s, wasl_Item *item,
			struct fault *why)
{
	if (s->caption_count == 0)
		return 0;
	item->captions = calloc(s->caption_count, sizeof(item->captions[0]));
	if (!item->captions)
		return out_of_memory(why);
	for (size_t i = 0; i < s->caption_count; i++) {
		wasl_Captions *c = &item->captions[item->captions_count++];
		snprintf(c->language, sizeof(c->language), "%s", s->captions[i].language);
		snprintf(c->label, sizeof(c->label), "%s", language_name(c->language));
		c->has_vtt = true;
		snprintf(c->vtt.media_type, sizeof(c->vtt.media_type), "text/vtt");
		snprintf(c->vtt.name, sizeof(c->vtt.name), "%s.%s.vtt", item->id, c->language);
		int rc = origin_put(p->dir, s->captions[i].path, ORIGIN_COPY, &c->vtt, why);
		if (rc)
			return rc;
	}
	return 0;
}

static const char *media_type(const char *name)
{
	static const struct {
		const char *ending, *type;
	} types[] = { { ".pdf", "application/pdf" }, { ".jpg", "image/jpeg" },
		      { ".png", "image/png" },       { ".txt", "text/plain" },
		      { ".html", "text/html" },      { ".zip", "application/zip" },
		      { ".mp3", "audio/mpeg" },      { ".epub", "application/epub+zip" } };
	const char *dot = strrchr(name, '.');
	for (size_t i = 0; dot && i < ARRAY_LEN(types); i++)
		if (strcasecmp(types[i].ending, dot) == 0)
			return types[i].type;
	return "application/octet-stream";
}

static int put_attachments(const struct press *p, const struct sidecar *s, wasl_Item *item,
			   struct fault *why)
{
	if (s->attachment_count == 0)
		return 0;
	item->attachments = calloc(s->attachment_count, sizeof(item->attachments[0]));
	if (!item->attachments)
		return out_of_memory(why);
	for (size_t i = 0; i < s->attachment_count; i++) {
		wasl_ObjectRef *ref = &item->attachments[item->attachments_count++];
		snprintf(ref->name, sizeof(ref->name), "%s", s->attachments[i].name);
		snprintf(ref->media_type, sizeof(ref->media_type), "%s", media_type(ref->name));
		int rc = origin_put(p->dir, s->attachments[i].path, ORIGIN_COPY, ref, why);
		if (rc)
			return rc;
	}
	return 0;
}

/* The picture beside the film when there is one, else one out of the film. */
static int put_poster(const struct press *p, const char *picture, wasl_Item *item,
		      struct fault *why)
{
	if (!*picture)
		return 0;
	item->has_poster = true;
	snprintf(item->poster.media_type, sizeof(item->poster.media_type), "image/jpeg");
	snprintf(item->poster.name, sizeof(item->poster.name), "%s.jpg", item->id);
	return origin_put(p->dir, picture, ORIGIN_COPY, &item->poster, why);
}

static int put_film(const struct press *p, const char *video, const struct sidecar *s,
		    wasl_Item *item, struct fault *why)
{
	CLEANUP(clean_mezzanine) struct mezzanine m = { .plan = wasl_Plan_init_zero };
	int rc = mezzanine_make(p->dir, p->program, video, show_progress, item, &m, why);
	if (rc)
		return rc;
	const wasl_Segment *last = &m.plan.segments[m.plan.segments_count - 1];
	if (m.plan.timescale > 0)
		item->duration_ms =
			(last->start_ticks + last->duration_ticks) * 1000 / m.plan.timescale;
	item->has_mezzanine = true;
	snprintf(item->mezzanine.media_type, sizeof(item->mezzanine.media_type), "video/mp4");
	snprintf(item->mezzanine.name, sizeof(item->mezzanine.name), "%s.mp4", item->id);
	rc = origin_put(p->dir, m.path, ORIGIN_LINK, &item->mezzanine, why);
	if (rc == 0) {
		item->has_plan = true;
		item->plan = m.plan;
		m.plan = (wasl_Plan)wasl_Plan_init_zero;
	}
	return rc ? rc : put_poster(p, *s->poster ? s->poster : m.poster, item, why);
}

static int press_one(struct press *p, const char *video, struct fault *why)
{
	CLEANUP(clean_item) wasl_Item item = wasl_Item_init_zero;
	AUTO_FREE struct sidecar *s = calloc(1, sizeof(*s));
	if (!s)
		return out_of_memory(why);
	int rc = sidecar_read(video, &item, s, why);
	if (rc == 0)
		rc = put_film(p, video, s, &item, why);
	if (rc == 0)
		rc = put_captions(p, s, &item, why);
	if (rc == 0)
		rc = put_attachments(p, s, &item, why);
	if (rc == 0)
		rc = edition_put(&p->edition, &item, why);
	return rc;
}

/* A file that cannot be published is named and left out; a full disk ends it all. */
static int press_all(struct press *p, char *const *videos, size_t count, struct fault *why)
{
	for (size_t i = 0; i < count; i++) {
		int rc = press_one(p, videos[i], why);
		if (rc == -ENOSPC || rc == -ENOMEM || rc == -EDQUOT)
			return rc;
		if (rc == 0)
			continue;
		p->refused++;
		if (!strstr(why->text, videos[i]))
			fault_within(why, "'%s'", videos[i]);
		if (count == 1)
			return rc;
		fprintf(stderr, "waslhub: left out: %s\n", why->text);
	}
	return 0;
}

static int finish(struct press *p, struct fault *why)
{
	CLEANUP(clean_store) struct store *s = NULL;
	uint32_t before = p->edition.catalogue.version, version = 0;
	int rc = edition_publish(&p->edition, p->dir, &p->content_key, clock_wall_s(), &version,
				 why);
	if (rc)
		return rc;
	/* For receipts and pages. The catalogue is out already, so a failure here is told as what it is. */
	rc = cli_store(p->dir, &s, why);
	if (rc == 0)
		rc = store_begin(s, why);
	if (rc == 0)
		rc = store_number_set(s, "catalogue_version", version, why);
	if (rc == 0)
		rc = store_commit(s, why);
	if (rc)
		return fault_within(why,
				    "catalogue %u is in force, but the hub's database does not "
				    "know; publish again to tell it",
				    version);
	if (version == before)
		printf("nothing changed: catalogue %u stays in force, with %u lessons\n", version,
		       p->edition.catalogue.items_count);
	else
		printf("catalogue %u is in force, with %u lessons\n", version,
		       p->edition.catalogue.items_count);
	return 0;
}

/* One publisher at a time. The lock ends with the process. */
static int take_lock(const char *dir, int *out, struct fault *why)
{
	struct path path = paths_at("%s/publish.lock", dir);
	AUTO_FD int fd = open(path.at, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return fault_set(why, -errno, "publish.lock",
				 "'%s': %s; run: waslhub init --dir %s", path.at, strerror(errno),
				 dir);
	if (flock(fd, LOCK_EX | LOCK_NB))
		return fault_set(why, -EBUSY, "publish.busy",
				 "another waslhub publishes here; wait for its end");
	*out = MOVE_FD(fd);
	return 0;
}

static int publish(const char *dir, const char *program, char *const *videos, size_t count,
		   struct fault *why)
{
	CLEANUP(clean_press) struct press p = { .dir = dir, .program = program };
	CLEANUP(clean_trust) struct trust *trust = NULL;
	AUTO_FD int lock = -1;
	int rc = keyring_trust(dir, &trust, why);
	if (rc == 0)
		rc = take_lock(dir, &lock, why);
	if (rc == 0)
		rc = keyring_load(dir, TRUST_CONTENT, &p.content_key, why);
	if (rc == 0)
		rc = origin_prepare(dir, why);
	if (rc == 0)
		rc = edition_open(dir, trust, &p.edition, why);
	if (rc == 0)
		rc = press_all(&p, videos, count, why);
	if (rc == 0)
		rc = finish(&p, why);
	if (rc == 0 && p.refused)
		rc = fault_set(why, -EBADMSG, "publish.refused",
			       "%u of %zu files could not be published", p.refused, count);
	return rc;
}

struct videos {
	char **at;
	size_t count;
};

static void clean_videos(struct videos *v)
{
	for (size_t i = 0; i < v->count; i++)
		free(v->at[i]);
	free(v->at);
}

static int is_video(const char *name)
{
	static const char *const endings[] = { ".mp4", ".m4v", ".mov",  ".mkv", ".webm",
					       ".avi", ".mpg", ".mpeg", ".ts",  ".flv",
					       ".ogv", ".wmv", ".3gp" };
	const char *dot = strrchr(name, '.');
	for (size_t i = 0; dot && name[0] != '.' && i < ARRAY_LEN(endings); i++)
		if (strcasecmp(endings[i], dot) == 0)
			return 1;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list_videos(const char *folder, struct videos *out, struct fault *why)
{
	CLEANUP(clean_folder) DIR *dir = opendir(folder);
	if (!dir)
		return fault_set(why, -errno, "publish.folder", "'%s': %s", folder,
				 strerror(errno));
	out->at = calloc(LESSONS_MAX, sizeof(*out->at));
	if (!out->at)
		return out_of_memory(why);
	for (struct dirent *e; (e = readdir(dir));) {
		if (!is_video(e->d_name))
			continue;
		if (out->count == LESSONS_MAX)
			return fault_set(why, -EFBIG, "publish.many",
					 "'%s' has more than %d videos; use several folders",
					 folder, LESSONS_MAX);
		if (asprintf(&out->at[out->count], "%s/%s", folder, e->d_name) < 0)
			return out_of_memory(why);
		out->count++;
	}
	if (out->count == 0)
		return fault_set(why, -ENOENT, "publish.none", "'%s' holds no video", folder);
	qsort(out->at, out->count, sizeof(*out->at), by_name);
	return 0;
}

int cli_publish(int argc, char **argv)
{
	static const struct option options[] = { { "dir", required_argument, NULL, 'd' },
						 { "lessons", required_argument, NULL, 'l' },
						 { "transcoder", required_argument, NULL, 't' },
						 { 0 } };
	struct path dir = paths_at(CLI_DIR);
	const char *folder = NULL;
	char program[4096];
	mezzanine_program(program);
	for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (o == 'd')
			dir = paths_at("%s", optarg);
		else if (o == 'l')
			folder = optarg;
		else if (o == 't')
			snprintf(program, sizeof(program), "%s", optarg);
		else
			return cli_misused("publish: option not understood");
	}
	if (!folder == (optind == argc))
		return cli_misused("publish: name videos, or --lessons FOLDER");
	struct fault why = { 0 };
	CLEANUP(clean_videos) struct videos found = { 0 };
	int rc = folder ? list_videos(folder, &found, &why) : 0;
	if (rc == 0)
		rc = publish(dir.at, program, folder ? found.at : argv + optind,
			     folder ? found.count : (size_t)(argc - optind), &why);
	return rc ? cli_failed(&why) : 0;
}
