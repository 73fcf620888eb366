// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/unnamed.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/paths.h"
#include "firmware/record/objmap.h"

/* All that a catalogue names, sorted. */
struct named {
	struct objmap_id *ids;
	size_t count;
};

static void clean_named(struct named *n)
{
	free(n->ids);
}

static void clean_folder(DIR **held)
{
	if (*held)
		closedir(*held);
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct objmap_id));
}

static void name(struct named *n, const wasl_ObjectRef *ref)
{
	memcpy(n->ids[n->count++].b, ref->id, sizeof(n->ids[0].b));
}

static int name_all(const wasl_Catalogue *c, struct named *out, struct fault *why)
{
	size_t room = 1;
	for (pb_size_t i = 0; i < c->items_count; i++)
		room += 2 + (size_t)c->items[i].captions_count + c->items[i].attachments_count;
	out->ids = calloc(room, sizeof(*out->ids));
	if (!out->ids)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	for (pb_size_t i = 0; i < c->items_count; i++) {
		const wasl_Item *item = &c->items[i];
		if (item->has_mezzanine)
			name(out, &item->mezzanine);
		if (item->has_poster)
			name(out, &item->poster);
		for (pb_size_t k = 0; k < item->captions_count; k++)
			if (item->captions[k].has_vtt)
				name(out, &item->captions[k].vtt);
		for (pb_size_t k = 0; k < item->attachments_count; k++)
			name(out, &item->attachments[k]);
	}
	qsort(out->ids, out->count, sizeof(*out->ids), by_bytes);
	return 0;
}

static bool is_unnamed(const struct named *n, const char *file)
{
	struct objmap_id id;
	return objmap_id_parse(file, &id) == 0 &&
	       !bsearch(&id, n->ids, n->count, sizeof(*n->ids), by_bytes);
}

static int not_removed(struct fault *why, const char *folder, const char *file)
{
	return fault_set(why, -errno, "origin.remove", "'%s/%s': %s", folder, file,
			 strerror(errno));
}

/* With its plan, picture and facts, which have its name but for the ending. Before the object: an interrupted run finds it again. */
static int remove_encoded(const char *dir, const struct stat *object, struct fault *why)
{
	static const char *const beside[] = { ".plan", ".jpg", ".json", ".mp4" };
	struct path folder = paths_at("%s/mezzanine", dir);
	CLEANUP(clean_folder) DIR *d = opendir(folder.at);
	if (!d)
		return errno == ENOENT ? 0 : not_removed(why, folder.at, ".");
	for (struct dirent *e; (e = readdir(d));) {
		const char *dot = strrchr(e->d_name, '.');
		struct stat st;
		if (!dot || strcmp(dot, ".mp4") != 0 ||
		    fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) ||
		    st.st_dev != object->st_dev || st.st_ino != object->st_ino)
			continue;
		for (size_t i = 0; i < ARRAY_LEN(beside); i++) {
			char file[sizeof(e->d_name) + 8];
			snprintf(file, sizeof(file), "%.*s%s", (int)(dot - e->d_name), e->d_name,
				 beside[i]);
			if (unlinkat(dirfd(d), file, 0) && errno != ENOENT)
				return not_removed(why, folder.at, file);
		}
		return 0;
	}
	return 0;
}

static int remove_object(const char *dir, const char *folder, int fd, const char *file,
			 enum unnamed_reach reach, struct unnamed *gone, struct fault *why)
{
	struct stat st;
	if (fstatat(fd, file, &st, AT_SYMLINK_NOFOLLOW))
		return not_removed(why, folder, file);
	int rc = reach == UNNAMED_ENCODED && st.st_nlink > 1 ? remove_encoded(dir, &st, why) : 0;
	if (rc)
		return rc;
	if (unlinkat(fd, file, 0))
		return not_removed(why, folder, file);
	gone->objects++;
	gone->bytes += (uint64_t)st.st_size;
	return 0;
}

int unnamed_remove(const char *dir, const wasl_Catalogue *c, enum unnamed_reach reach,
		   struct unnamed *out, struct fault *why)
{
	static const char *const folders[] = { "object", "map" };
	CLEANUP(clean_named) struct named named = { 0 };
	struct unnamed gone = { 0 };
	int rc = name_all(c, &named, why);
	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(folders); i++) {
		struct path folder = paths_at("%s/origin/wasl/v1/%s", dir, folders[i]);
		CLEANUP(clean_folder) DIR *d = opendir(folder.at);
		if (!d)
			return not_removed(why, folder.at, ".");
		for (struct dirent *e; rc == 0 && (e = readdir(d));) {
			if (!is_unnamed(&named, e->d_name))
				continue;
			if (i == 0)
				rc = remove_object(dir, folder.at, dirfd(d), e->d_name, reach,
						   &gone, why);
			else if (unlinkat(dirfd(d), e->d_name, 0))
				rc = not_removed(why, folder.at, e->d_name);
		}
	}
	if (rc == 0)
		*out = gone;
	return rc;
}
