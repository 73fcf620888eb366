// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/sidecar.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/text.h"
#include "provisioning/hub/kinds.h"

enum { JSON_LIMIT = 256 << 10, VTT_LIMIT = 1 << 20 };

static void clean_json(json_t **held)
{
	json_decref(*held);
}

static void clean_folder(DIR **held)
{
	if (*held)
		closedir(*held);
}

void sidecar_slug(const char *name, char out[static 64])
{
	size_t n = 0;
	for (const char *p = name; *p && n < 63; p++) {
		if (isalnum((unsigned char)*p) && (unsigned char)*p < 0x80)
			out[n++] = (char)tolower((unsigned char)*p);
		else if (n > 0 && out[n - 1] != '-')
			out[n++] = '-';
	}
	while (n > 0 && out[n - 1] == '-')
		n--;
	out[n] = '\0';
}

static const struct {
	const char *slug, *ar, *fr, *en;
} subjects[] = {
	{ "mathematics", "رياضيات", "Mathématiques", "Mathematics" },
	{ "science", "إيقاظ علمي", "Éveil scientifique", "Science" },
	{ "physics", "فيزياء", "Physique", "Physics" },
	{ "chemistry", "كيمياء", "Chimie", "Chemistry" },
	{ "biology", "علوم الحياة والأرض", "Sciences de la vie et de la Terre",
	  "Life and earth sciences" },
	{ "arabic", "عربية", "Arabe", "Arabic" },
	{ "french", "فرنسية", "Français", "French" },
	{ "english", "إنجليزية", "Anglais", "English" },
	{ "amazigh", "أمازيغية", "Amazighe", "Amazigh" },
	{ "history", "تاريخ", "Histoire", "History" },
	{ "geography", "جغرافيا", "Géographie", "Geography" },
	{ "civics", "تربية مدنية", "Éducation civique", "Civics" },
	{ "islamic-education", "تربية إسلامية", "Éducation islamique", "Islamic education" },
	{ "philosophy", "فلسفة", "Philosophie", "Philosophy" },
	{ "computing", "إعلامية", "Informatique", "Computing" },
	{ "technology", "تكنولوجيا", "Technologie", "Technology" },
	{ "arts", "تربية فنية", "Éducation artistique", "Arts" },
	{ "general", "عام", "Général", "General" },
};

static int set_text(char **out, const char *text)
{
	free(*out);
	*out = strdup(text);
	return *out ? 0 : -ENOMEM;
}

int sidecar_subject(const char *slug, wasl_Text *out)
{
	char readable[64];
	snprintf(readable, sizeof(readable), "%s", slug);
	for (char *p = readable; *p; p++)
		*p = *p == '-' ? ' ' : *p;
	readable[0] = (char)toupper((unsigned char)readable[0]);
	const char *ar = readable, *fr = readable, *en = readable;
	for (size_t i = 0; i < ARRAY_LEN(subjects); i++) {
		if (strcmp(subjects[i].slug, slug) == 0) {
			ar = subjects[i].ar;
			fr = subjects[i].fr;
			en = subjects[i].en;
		}
	}
	int rc = set_text(&out->ar, ar);
	if (rc == 0)
		rc = set_text(&out->fr, fr);
	return rc ? rc : set_text(&out->en, en);
}

/* NAME.json while it is read. */
struct facts {
	const char *path;
	json_t *root;
	struct fault *why;
};

static int refuse(const struct facts *f, const char *field, const char *rule)
{
	return fault_set(f->why, -EINVAL, "sidecar.field", "'%s': \"%s\" %s", f->path, field, rule);
}

static int take_string(const struct facts *f, const char *field, char *out, size_t room)
{
	json_t *value = json_object_get(f->root, field);
	if (!value)
		return 0;
	const char *text = json_string_value(value);
	if (!text || strlen(text) >= room)
		return refuse(f, field, "must be a text that is not that long");
	snprintf(out, room, "%s", text);
	return 0;
}

static int take_number(const struct facts *f, const char *field, json_int_t max, uint32_t *out)
{
	json_t *value = json_object_get(f->root, field);
	if (!value)
		return 0;
	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
	    json_integer_value(value) > max)
		return refuse(f, field, "is not a whole number in its range");
	*out = (uint32_t)json_integer_value(value);
	return 0;
}

/* {"ar": "…", "fr": "…"}; one language at least is the caller's rule. */
static int take_text(const struct facts *f, const char *field, wasl_Text *out, bool *has)
{
	json_t *value = json_object_get(f->root, field);
	const char *ar = "", *fr = "", *en = "";
	if (!value)
		return 0;
	if (!json_is_object(value) ||
	    json_unpack(value, "{s?s, s?s, s?s !}", "ar", &ar, "fr", &fr, "en", &en) != 0)
		return refuse(f, field, "must be an object with texts for ar, fr and en");
	if (strlen(ar) > 4096 || strlen(fr) > 4096 || strlen(en) > 4096)
		return refuse(f, field, "is too long");
	*has = true;
	if (set_text(&out->ar, ar) || set_text(&out->fr, fr) || set_text(&out->en, en))
		return fault_set(f->why, -ENOMEM, "memory", "out of memory");
	return 0;
}

/* Files of the same folder, by plain name: a publisher's list must not reach elsewhere. */
static int take_attachments(const struct facts *f, const char *folder, struct sidecar *out)
{
	json_t *list = json_object_get(f->root, "attachments");
	if (!list)
		return 0;
	if (!json_is_array(list) || json_array_size(list) > SIDECAR_ATTACHMENTS)
		return refuse(f, "attachments", "must be a list of at most 16 file names");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *name = json_string_value(json_array_get(list, i));
		struct sidecar_file *file = &out->attachments[out->attachment_count];
		if (!name || strchr(name, '/') || name[0] == '.' ||
		    strlen(name) >= sizeof(file->name))
			return refuse(f, "attachments",
				      "must name files that lie beside the video");
		snprintf(file->name, sizeof(file->name), "%s", name);
		int n = snprintf(file->path, sizeof(file->path), "%s/%s", folder, name);
		if (n < 0 || (size_t)n >= sizeof(file->path) || access(file->path, R_OK) != 0)
			return refuse(f, "attachments", "names a file that cannot be read");
		out->attachment_count++;
	}
	return 0;
}

static int take_item(const struct facts *f, wasl_Item *item)
{
	uint32_t grade = item->grade, order = item->order;
	int rc = take_string(f, "id", item->id, sizeof(item->id));
	if (rc == 0)
		rc = take_text(f, "title", &item->title, &item->has_title);
	if (rc == 0)
		rc = take_text(f, "summary", &item->summary, &item->has_summary);
	if (rc == 0)
		rc = take_string(f, "subject", item->subject, sizeof(item->subject));
	if (rc == 0)
		rc = take_number(f, "grade", 13, &grade);
	if (rc == 0)
		rc = take_string(f, "unit", item->unit, sizeof(item->unit));
	if (rc == 0)
		rc = take_number(f, "order", 100000, &order);
	if (rc == 0)
		rc = take_string(f, "language", item->language, sizeof(item->language));
	if (rc == 0)
		rc = take_string(f, "licence", item->licence, sizeof(item->licence));
	if (rc)
		return rc;
	item->grade = grade;
	item->order = order;
	json_t *attribution = json_object_get(f->root, "attribution");
	if (attribution && (!json_is_string(attribution) || json_string_length(attribution) > 1024))
		return refuse(f, "attribution", "must be a text of at most 1024 bytes");
	if (attribution && set_text(&item->attribution, json_string_value(attribution)))
		return fault_set(f->why, -ENOMEM, "memory", "out of memory");
	if (!text_is_slug(item->id))
		return refuse(f, "id", "must be 1 to 63 of a-z, 0-9 and -");
	if (*item->subject && !text_is_slug(item->subject))
		return refuse(f, "subject", "must be 1 to 63 of a-z, 0-9 and -");
	return 0;
}

/* The video's path in pieces: "/a/b/Name.mp4" -> "/a/b", "Name". */
struct stem {
	char folder[4096], name[256];
};

static int cut(const char *video, struct stem *out, struct fault *why)
{
	const char *slash = strrchr(video, '/');
	const char *name = slash ? slash + 1 : video;
	const char *dot = strrchr(name, '.');
	size_t folder = slash ? (size_t)(slash - video) : 0,
	       len = dot && dot > name ? (size_t)(dot - name) : strlen(name);
	if (folder >= sizeof(out->folder) || len >= sizeof(out->name) || len == 0)
		return fault_set(why, -ENAMETOOLONG, "sidecar.name",
				 "'%s': the file's name is too long", video);
	snprintf(out->folder, sizeof(out->folder), "%.*s",
		 slash == video ? 1
		 : folder       ? (int)folder
				: 1,
		 slash ? video : ".");
	snprintf(out->name, sizeof(out->name), "%.*s", (int)len, name);
	return 0;
}

static int from_file_name(const struct stem *stem, wasl_Item *item, struct fault *why)
{
	char title[256];
	snprintf(title, sizeof(title), "%s", stem->name);
	for (char *p = title; *p; p++)
		*p = *p == '_' ? ' ' : *p;
	if (!text_is_utf8(title, strlen(title)))
		return fault_set(why, -EINVAL, "sidecar.name",
				 "'%s': the file's name is not UTF-8; rename it", stem->name);
	sidecar_slug(stem->name, item->id);
	snprintf(item->subject, sizeof(item->subject), "general");
	item->has_title = true;
	if (set_text(&item->title.ar, title) || set_text(&item->title.fr, title) ||
	    set_text(&item->title.en, title))
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	return 0;
}

static int load_facts(const char *path, json_t **out, struct fault *why)
{
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	json_error_t error;
	int rc = fileio_read(path, JSON_LIMIT, &bytes, &len, why);
	if (rc)
		return rc;
	CLEANUP(clean_json) json_t *root = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(root))
		return fault_set(why, -EINVAL, "sidecar.json", "'%s' line %d: %s", path, error.line,
				 root ? "must be one object" : error.text);
	*out = MOVE_PTR(root);
	return 0;
}

static int check_vtt(const char *path, struct fault *why)
{
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	int rc = fileio_read(path, VTT_LIMIT, &bytes, &len, why);
	if (rc)
		return rc;
	const char *text = bytes;
	size_t at = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	if (len - at < 6 || memcmp(text + at, "WEBVTT", 6) != 0 || !text_is_utf8(text, len))
		return fault_set(why, -EINVAL, "sidecar.vtt",
				 "'%s' is no WebVTT in UTF-8; its first line must be WEBVTT", path);
	return 0;
}

static bool language_ok(const char *text, size_t len)
{
	if (len < 2 || len > 11)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && text[i] != '-')
			return false;
	return true;
}

static const char *const caption_ends[] = { ".vtt", ".srt", ".ass", ".ssa" };

static bool ends_with(const char *name, const char *end)
{
	const size_t len = strlen(name), tail = strlen(end);
	return len > tail && strcmp(name + len - tail, end) == 0;
}

static bool is_captions(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(caption_ends); i++)
		if (ends_with(name, caption_ends[i]))
			return true;
	return false;
}

bool sidecar_is_vtt(const char *path)
{
	return ends_with(path, caption_ends[0]);
}

static struct sidecar_file *captions_in(struct sidecar *out, const char *language)
{
	for (size_t i = 0; i < out->caption_count; i++)
		if (strcmp(out->captions[i].language, language) == 0)
			return &out->captions[i];
	return NULL;
}

/* In the place of those in that language; -EFBIG: there are too many. */
static int put_captions(const char *folder, const char *name, const char *language,
			struct sidecar *out, struct fault *why)
{
	struct sidecar_file *file = captions_in(out, language);
	if (!file && out->caption_count == SIDECAR_CAPTIONS)
		return fault_set(why, -EINVAL, "sidecar.captions",
				 "'%s/%s': captions in more than %u languages", folder, name,
				 SIDECAR_CAPTIONS);
	if (!file)
		file = &out->captions[out->caption_count++];
	snprintf(file->language, sizeof(file->language), "%s", language);
	int n = snprintf(file->path, sizeof(file->path), "%s/%s", folder, name);
	if (n < 0 || (size_t)n >= sizeof(file->path))
		return fault_set(why, -ENAMETOOLONG, "sidecar.name", "'%s': the name is too long",
				 name);
	return sidecar_is_vtt(name) ? check_vtt(file->path, why) : 0;
}

/* NAME.LANG.vtt and the like, where no facts name a file for the language. */
static int find_captions(const struct stem *stem, struct sidecar *out, struct fault *why)
{
	CLEANUP(clean_folder) DIR *dir = opendir(stem->folder);
	const size_t base = strlen(stem->name), given = out->caption_count;
	if (!dir)
		return fault_set(why, -errno, "sidecar.folder", "'%s': %s", stem->folder,
				 strerror(errno));
	for (struct dirent *e; (e = readdir(dir));) {
		char language[12];
		const size_t len = strlen(e->d_name);
		if (len < base + 7 || strncmp(e->d_name, stem->name, base) != 0 ||
		    e->d_name[base] != '.' || !is_captions(e->d_name) ||
		    !language_ok(e->d_name + base + 1, len - base - 5))
			continue;
		snprintf(language, sizeof(language), "%.*s", (int)(len - base - 5),
			 e->d_name + base + 1);
		const struct sidecar_file *before = captions_in(out, language);
		if (before && before < &out->captions[given])
			continue;
		if (before)
			return fault_set(why, -EINVAL, "sidecar.captions",
					 "'%s' and '%s' are both for '%s'; leave one file",
					 before->path, e->d_name, language);
		int rc = put_captions(stem->folder, e->d_name, language, out, why);
		if (rc)
			return rc;
	}
	return 0;
}

/* {"ar": "words.srt"}: files of the same folder, as with attachments. */
static int take_captions(const struct facts *f, const char *folder, struct sidecar *out)
{
	json_t *all = json_object_get(f->root, "captions"), *value;
	const char *language;
	if (all && !json_is_object(all))
		return refuse(f, "captions",
			      "must be an object with a file name for each language");
	json_object_foreach (all, language, value) {
		const char *name = json_string_value(value);
		if (!language_ok(language, strlen(language)))
			return refuse(f, "captions", "has a language that is none");
		if (!name || strchr(name, '/') || name[0] == '.' || !is_captions(name))
			return refuse(f, "captions",
				      "must name .vtt, .srt, .ass or .ssa files beside the video");
		int rc = put_captions(folder, name, language, out, f->why);
		if (rc)
			return rc;
		if (access(captions_in(out, language)->path, R_OK) != 0)
			return refuse(f, "captions", "names a file that cannot be read");
	}
	return 0;
}

/* One source after the other, the last word is the one that counts. */
static int take_facts(const char *from, json_t *root, const struct stem *stem, wasl_Item *item,
		      struct sidecar *out, struct fault *why)
{
	const struct facts f = { from, root, why };
	if (json_object_get(root, "attachments"))
		out->attachment_count = 0;
	int rc = take_item(&f, item);
	if (rc == 0)
		rc = take_attachments(&f, stem->folder, out);
	return rc ? rc : take_captions(&f, stem->folder, out);
}

static int read_facts(const char *video, const struct stem *stem, const json_t *given,
		      const char *where, wasl_Item *item, struct sidecar *out, struct fault *why)
{
	char path[4608];
	CLEANUP(clean_json) json_t *beside = NULL;
	CLEANUP(clean_json) json_t *more = json_deep_copy(given);
	snprintf(path, sizeof(path), "%s/%s.json", stem->folder, stem->name);
	int rc = access(path, F_OK) == 0 ? load_facts(path, &beside, why) : 0;
	if (rc)
		return rc;
	/* An id may come from either; until it has come there is none to check. */
	if (!*item->id && !json_object_get(beside, "id") && !json_object_get(more, "id"))
		return fault_set(why, -EINVAL, "sidecar.id",
				 "'%s': the name has no latin letter or digit to make an id of; "
				 "put \"id\" into '%s.json'",
				 video, stem->name);
	const char *id = json_string_value(json_object_get(more, "id"));
	if (!*item->id && id && text_is_slug(id) && strlen(id) < sizeof(item->id))
		snprintf(item->id, sizeof(item->id), "%s", id);
	if (beside)
		rc = take_facts(path, beside, stem, item, out, why);
	return rc || !more ? rc : take_facts(where, more, stem, item, out, why);
}

static int by_language(const void *a, const void *b)
{
	return strcmp(((const struct sidecar_file *)a)->language,
		      ((const struct sidecar_file *)b)->language);
}

int sidecar_read(const char *video, wasl_Item *item, struct sidecar *out, struct fault *why)
{
	return sidecar_read_with(video, NULL, NULL, item, out, why);
}

int sidecar_read_with(const char *video, const json_t *facts, const char *where, wasl_Item *item,
		      struct sidecar *out, struct fault *why)
{
	struct stem stem;
	*out = (struct sidecar){ 0 };
	int rc = cut(video, &stem, why);
	if (rc == 0)
		rc = from_file_name(&stem, item, why);
	/* A name without a known ending is tried as a video. */
	const enum kind kind = kinds_of(video);
	item->kind = kind == KIND_UNKNOWN ? KIND_VIDEO : kind;
	if (rc == 0)
		rc = read_facts(video, &stem, facts, where, item, out, why);
	if (rc == 0)
		rc = find_captions(&stem, out, why);
	if (rc)
		return rc;
	qsort(out->captions, out->caption_count, sizeof(out->captions[0]), by_language);
	int n = snprintf(out->poster, sizeof(out->poster), "%s/%s.jpg", stem.folder, stem.name);
	if (n < 0 || (size_t)n >= sizeof(out->poster) || access(out->poster, R_OK) != 0)
		out->poster[0] = '\0';
	return 0;
}
