// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/origin.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"
#include "firmware/record/signed.h"

enum { PIECE = 1 << 20 };
static const char unfinished[] = ".unfinished";

CLEAN_FN(maker, struct objmap_maker, objmap_maker_free)
CLEAN_FN(map, struct objmap, objmap_free)

static void clean_folder(DIR **held)
{
	if (*held)
		closedir(*held);
}

static int sweep(const char *folder, struct fault *why)
{
	CLEANUP(clean_folder) DIR *dir = opendir(folder);
	if (!dir)
		return fault_set(why, -errno, "origin.folder", "'%s': %s", folder, strerror(errno));
	for (struct dirent *e; (e = readdir(dir));)
		if (strncmp(e->d_name, unfinished, sizeof(unfinished) - 1) == 0)
			unlinkat(dirfd(dir), e->d_name, 0);
	return 0;
}

int origin_prepare(const char *dir, struct fault *why)
{
	static const char *const folders[] = { "root", "map", "object", "catalogue" };
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		struct path folder = paths_at("%s/origin/wasl/v1/%s", dir, folders[i]);
		int rc = paths_mkdir(folder.at, 0755, why);
		if (rc == 0)
			rc = sweep(folder.at, why);
		if (rc)
			return rc;
	}
	return 0;
}

static int io_fault(struct fault *why, int code, const char *path)
{
	if (code == -ENOSPC || code == -EDQUOT)
		return fault_set(why, -ENOSPC, "origin.full",
				 "'%s': the disk is full; free some space and publish again, "
				 "nothing was changed",
				 path);
	return fault_set(why, code, "origin.io", "'%s': %s", path, strerror(-code));
}

/* Reads `from` to its end into the map, and into `to` unless that is -1. */
static int pour(int from, int to, struct objmap_maker *maker)
{
	AUTO_FREE uint8_t *piece = malloc(PIECE);
	if (!piece)
		return -ENOMEM;
	for (;;) {
		ssize_t n = read(from, piece, PIECE);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		int rc = objmap_maker_feed(maker, piece, (size_t)n);
		if (rc == 0 && to >= 0)
			rc = fileio_write_all(to, piece, (size_t)n);
		if (rc)
			return rc;
	}
}

/* A second name for the source under `made`; -EXDEV and the like say that it must be copied. */
static int link_in(const char *path, const char *made, struct objmap_maker *maker)
{
	if (link(path, made))
		return -errno;
	AUTO_FD int from = open(made, O_RDONLY | O_CLOEXEC);
	if (from < 0)
		return -errno;
	return pour(from, -1, maker);
}

static int copy_in(const char *path, const char *made, struct objmap_maker *maker,
		   struct fault *why)
{
	AUTO_FD int from = open(path, O_RDONLY | O_CLOEXEC);
	if (from < 0)
		return io_fault(why, -errno, path);
	AUTO_FD int to = open(made, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (to < 0)
		return io_fault(why, -errno, made);
	int rc = pour(from, to, maker);
	if (rc == 0 && fsync(to))
		rc = -errno;
	return rc ? io_fault(why, rc, made) : 0;
}

static int place(const char *dir, const char *made, const struct objmap *map, wasl_ObjectRef *out,
		 struct fault *why)
{
	char id[65];
	size_t len = 0;
	const void *raw = objmap_raw(map, &len);
	objmap_id_hex(objmap_get_id(map), id);
	struct path map_path = paths_at("%s/origin/wasl/v1/map/%s", dir, id);
	struct path object = paths_at("%s/origin/wasl/v1/object/%s", dir, id);
	struct stat st;
	int there = stat(object.at, &st) == 0 && (uint64_t)st.st_size == objmap_size(map);
	if (!there && (rename(made, object.at) || fileio_sync_parent(object.at)))
		return io_fault(why, -errno, object.at);
	int rc = access(map_path.at, F_OK) == 0 ? 0
						: fileio_replace(map_path.at, raw, len, 0644, why);
	if (rc)
		return rc;
	memcpy(out->id, objmap_get_id(map)->b, sizeof(out->id));
	out->size_bytes = objmap_size(map);
	return 0;
}

int origin_put(const char *dir, const char *path, enum origin_source source, wasl_ObjectRef *out,
	       struct fault *why)
{
	struct path made =
		paths_at("%s/origin/wasl/v1/object/%s-%ld", dir, unfinished, (long)getpid());
	CLEANUP(clean_maker) struct objmap_maker *maker = objmap_maker_new();
	CLEANUP(clean_map) struct objmap *map = NULL;
	unlink(made.at);
	int rc = source == ORIGIN_LINK && maker ? link_in(path, made.at, maker) : -EXDEV;
	if (rc) {
		unlink(made.at);
		objmap_maker_free(maker);
		maker = objmap_maker_new();
		rc = maker ? copy_in(path, made.at, maker, why)
			   : fault_set(why, -ENOMEM, "memory", "out of memory");
	}
	if (rc == 0) {
		rc = objmap_maker_finish(maker, &map);
		if (rc)
			fault_set(why, rc, "origin.map", "'%s' is too large for an object", path);
	}
	if (rc == 0)
		rc = place(dir, made.at, map, out, why);
	unlink(made.at);
	return rc;
}

int origin_catalogue(const char *dir, void **out, size_t *len, struct fault *why)
{
	struct path path = paths_at("%s/origin/wasl/v1/catalogue/latest", dir);
	if (access(path.at, F_OK) != 0 && errno == ENOENT)
		return -ENOENT;
	return fileio_read(path.at, SIGNED_LIMIT_BYTES, out, len, why);
}

int origin_publish(const char *dir, uint32_t version, const void *record, size_t len,
		   struct fault *why)
{
	int rc = fileio_replace(paths_at("%s/origin/wasl/v1/catalogue/latest", dir).at, record, len,
				0644, why);
	return rc ? rc : origin_number(dir, version, record, len, why);
}

int origin_number(const char *dir, uint32_t version, const void *record, size_t len,
		  struct fault *why)
{
	struct path path = paths_at("%s/origin/wasl/v1/catalogue/%u", dir, version);
	return access(path.at, F_OK) == 0 ? 0 : fileio_replace(path.at, record, len, 0644, why);
}
