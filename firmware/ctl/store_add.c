// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/ctl/store_add.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/ctl/ask.h"
#include "firmware/ctl/view.h"
#include "firmware/record/objmap.h"

enum { PIECE_CHUNKS = 16, PIECE_BYTES = PIECE_CHUNKS * OBJMAP_CHUNK_BYTES };

CLEAN_FN(json, json_t, json_decref)
CLEAN_FN(maker, struct objmap_maker, objmap_maker_free)
CLEAN_FN(map, struct objmap, objmap_free)

static void clean_curl(char **held)
{
	curl_free(*held);
}

static int open_file(const char *file, int *out, uint64_t *size, struct fault *why)
{
	struct stat st;
	AUTO_FD int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		return fault_set(why, -errno, "store.file", "'%s': %s", file, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fault_set(why, -EINVAL, "store.file",
				 "'%s' is no file with bytes of its own; name a regular file",
				 file);
	if ((uint64_t)st.st_size > OBJMAP_MAX_SIZE)
		return fault_set(why, -EFBIG, "store.file",
				 "'%s' is larger than the 64 GiB that one file may have", file);
	*size = (uint64_t)st.st_size;
	*out = MOVE_FD(fd);
	return 0;
}

static int read_piece(int fd, const char *file, uint64_t at, uint64_t size, uint8_t *room,
		      size_t *len, struct fault *why)
{
	*len = size - at < PIECE_BYTES ? (size_t)(size - at) : PIECE_BYTES;
	int r = fileio_pread_all(fd, room, *len, at);
	if (r == -ENODATA)
		return fault_set(why, r, "store.file",
				 "'%s' became shorter while it was read; add it again", file);
	return r ? fault_set(why, r, "store.file", "'%s': %s", file, strerror(-r)) : 0;
}

static int make_map(int fd, const char *file, uint64_t size, uint8_t *room, struct objmap **out,
		    struct fault *why)
{
	CLEANUP(clean_maker) struct objmap_maker *maker = objmap_maker_new();
	int r = maker ? 0 : -ENOMEM;
	for (uint64_t at = 0; r == 0 && at < size; at += PIECE_BYTES) {
		size_t len;
		r = read_piece(fd, file, at, size, room, &len, why);
		if (r)
			return r;
		r = objmap_maker_feed(maker, room, len);
	}
	if (r == 0)
		r = objmap_maker_finish(maker, out);
	return r ? fault_set(why, r, "memory", "out of memory") : 0;
}

/* What contentd takes at most; it checks both closer. */
enum { PATH_BYTES = 512, TYPE_BYTES = 127 };
/* Every byte of both written as three, an object's id, and what stands between them. */
enum { QUERY_BYTES = 3 * (PATH_BYTES + TYPE_BYTES) + 96 };

static int check_length(const char *what, const char *word, size_t most, struct fault *why)
{
	const size_t len = strlen(word);
	return len <= most ? 0
			   : fault_set(why, -EINVAL, "store.path",
				       "%s of %zu bytes is more than %zu; choose a shorter one",
				       what, len, most);
}

/* "?id=…&path=…&type=…" */
static int make_query(const struct objmap *map, const char *path, const char *type, char *out,
		      size_t room, struct fault *why)
{
	char id[65];
	CLEANUP(clean_curl) char *at = curl_easy_escape(NULL, path, 0);
	CLEANUP(clean_curl) char *kind = curl_easy_escape(NULL, type ? type : "", 0);
	if (!at || !kind)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	objmap_id_hex(objmap_get_id(map), id);
	if ((size_t)snprintf(out, room, "?id=%s&path=%s&type=%s", id, at, kind) >= room)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	return 0;
}

static int ask(const char *call, const char *query, const void *bytes, size_t len, json_t **out,
	       struct fault *why)
{
	char target[QUERY_BYTES + 32];
	snprintf(target, sizeof(target), "/v1/store/%s%s", call, query);
	return ask_bytes("contentd", target, bytes, len, ASK_LONG_MS, out, why);
}

/* Sends what is missing, from the first chunk that is. */
static int send_pieces(int fd, const char *file, uint64_t size, const struct objmap *map,
		       uint8_t *room, json_t **state, struct fault *why)
{
	char id[65], query[160];
	objmap_id_hex(objmap_get_id(map), id);
	for (int64_t last = -1;;) {
		int64_t chunk = view_int(*state, "missing", -1);
		size_t len;
		if (chunk < 0)
			return 0;
		if (chunk <= last || (uint64_t)chunk >= objmap_chunk_count(size))
			return fault_set(why, -EBADMSG, "store.stuck",
					 "chunk %" PRId64 " of '%s' does not arrive", chunk, file);
		last = chunk;
		int r = read_piece(fd, file, (uint64_t)chunk * OBJMAP_CHUNK_BYTES, size, room, &len,
				   why);
		if (r)
			return r;
		json_decref(*state);
		*state = NULL;
		snprintf(query, sizeof(query), "?id=%s&chunk=%" PRId64, id, chunk);
		r = ask("put", query, room, len, state, why);
		if (r && why && strcmp(why->id, "store.chunk") == 0)
			return fault_set(why, r, "store.file",
					 "'%s' changed while it was being added; add it again",
					 file);
		if (r)
			return r;
	}
}

int store_add(const char *file, const char *path, const char *type, json_t **out, struct fault *why)
{
	AUTO_FD int fd = -1;
	AUTO_FREE uint8_t *room = malloc(PIECE_BYTES);
	CLEANUP(clean_map) struct objmap *map = NULL;
	CLEANUP(clean_json) json_t *state = NULL;
	uint64_t size = 0;
	char query[QUERY_BYTES];
	size_t len;
	if (!room)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	int r = check_length("an address", path, PATH_BYTES, why);
	if (r == 0)
		r = check_length("a media type", type ? type : "", TYPE_BYTES, why);
	if (r == 0)
		r = open_file(file, &fd, &size, why);
	if (r == 0)
		r = make_map(fd, file, size, room, &map, why);
	if (r == 0)
		r = make_query(map, path, type, query, sizeof(query), why);
	if (r)
		return r;
	const void *raw = objmap_raw(map, &len);
	r = ask("open", query, raw, len, &state, why);
	if (r == 0)
		r = send_pieces(fd, file, size, map, room, &state, why);
	return r ? r : ask("name", query, "", 0, out, why);
}
