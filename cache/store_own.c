// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/store_own.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache/store_disk.h"
#include "cache/store_private.h"
#include "firmware/base/clean.h"
#include "firmware/base/crc32c.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/text.h"

#define FOLDER "own"

static const char magic[8] = "WASLOWN1";

static uint32_t check_of(const struct store_own_file *head, const void *bytes, size_t len)
{
	const size_t from = offsetof(struct store_own_file, path_len);
	const uint32_t crc = crc32c(0, (const char *)head + from, sizeof(*head) - from);
	return crc32c(crc, (const char *)bytes + sizeof(*head), len - sizeof(*head));
}

size_t store_own_pack(const struct store_local *file, void *out)
{
	struct store_own_file head = {
		.path_len = (uint32_t)strlen(file->path),
		.type_len = (uint32_t)strlen(file->media_type),
		.size = file->size,
		.added_s = file->added_s,
		.id = file->id,
	};
	const size_t len = sizeof(head) + head.path_len + head.type_len;
	memcpy(head.magic, magic, sizeof(magic));
	memcpy((char *)out + sizeof(head), file->path, head.path_len);
	memcpy((char *)out + sizeof(head) + head.path_len, file->media_type, head.type_len);
	head.check = check_of(&head, out, len);
	memcpy(out, &head, sizeof(head));
	return len;
}

int store_own_parse(const void *bytes, size_t len, struct store_local *out)
{
	struct store_own_file head;
	struct store_local file = { 0 };
	if (len < sizeof(head))
		return -EBADMSG;
	memcpy(&head, bytes, sizeof(head));
	const char *text = (const char *)bytes + sizeof(head);
	if (memcmp(head.magic, magic, sizeof(magic)) || head.path_len >= sizeof(file.path) ||
	    head.type_len >= sizeof(file.media_type) ||
	    len != sizeof(head) + head.path_len + head.type_len ||
	    head.check != check_of(&head, bytes, len))
		return -EBADMSG;
	memcpy(file.path, text, head.path_len);
	memcpy(file.media_type, text + head.path_len, head.type_len);
	file.size = head.size;
	file.added_s = head.added_s;
	file.id = head.id;
	if (file.size > OBJMAP_MAX_SIZE || strlen(file.path) != head.path_len ||
	    strlen(file.media_type) != head.type_len || store_local_check(file.path, NULL))
		return -EBADMSG;
	*out = file;
	return 0;
}

struct own_name store_own_name(const char *path)
{
	uint8_t hash[crypto_generichash_BYTES_MIN];
	struct own_name name;
	crypto_generichash(hash, sizeof(hash), (const void *)path, strlen(path), NULL, 0);
	text_hex(hash, sizeof(hash), name.at);
	return name;
}

static struct store_path place_of(const struct store *s, const char *name)
{
	char rest[sizeof(struct layout)];
	snprintf(rest, sizeof(rest), FOLDER "/%.80s", name);
	return store_path(s, rest);
}

int store_own_write(struct store *s, const struct store_local *file, struct fault *why)
{
	char room[STORE_OWN_MOST];
	const struct store_path folder = store_path(s, FOLDER),
				at = place_of(s, store_own_name(file->path).at);
	if (mkdirat(s->fd, FOLDER, 0755) < 0 && errno != EEXIST)
		return store_fault(s, FOLDER, -errno, why);
	int rc = fileio_sync_parent(folder.at);
	return rc ? store_fault(s, FOLDER, rc, why)
		  : fileio_replace(at.at, room, store_own_pack(file, room), 0600, why);
}

void store_own_remove(struct store *s, const char *path)
{
	unlink(place_of(s, store_own_name(path).at).at);
}

int store_own_fault(const struct store *s, const char *name, int code, struct fault *why)
{
	return fault_set(why, code, "store.unread",
			 "'%s/" FOLDER
			 "/%.80s': %s; it may name a file of the school: until it can "
			 "be read, or is moved away, nothing that has no row is removed",
			 s->dir, name, strerror(-code));
}

/* As many bytes as there are, or one more than there may be. Nothing that others put there is waited for. */
static int read_whole(const char *path, char room[static STORE_OWN_MOST + 1], size_t *len)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -ENOTSUP;
	ssize_t n;
	for (*len = 0; *len <= STORE_OWN_MOST; *len += (size_t)n) {
		do
			n = pread(fd, room + *len, STORE_OWN_MOST + 1 - *len, (off_t)*len);
		while (n < 0 && errno == EINTR);
		if (n <= 0)
			return n < 0 ? -errno : 0;
	}
	return 0;
}

int store_own_read(const struct store *s, const char *name, struct store_local *out)
{
	char room[STORE_OWN_MOST + 1];
	size_t len = 0;
	const size_t digits = strspn(name, "0123456789abcdef");
	if (digits != 2 * crypto_generichash_BYTES_MIN || name[digits])
		return -ENOENT; /* what a cut left, or others put there */
	int rc = read_whole(place_of(s, name).at, room, &len);
	if (!rc)
		rc = store_own_parse(room, len, out);
	return !rc && strcmp(store_own_name(out->path).at, name) ? -EBADMSG : rc;
}

struct wanted {
	const char *bytes;
	size_t len;
};

static int is_wanted(const void *arg, const void *bytes, size_t len)
{
	const struct wanted *w = arg;
	return len != w->len || memcmp(w->bytes, bytes, len);
}

/* 0, -ENOENT, or why it cannot be looked at now. */
static int compare(struct store *s, const char *at, const struct wanted *want, enum disk_state *out)
{
	struct stat st;
	AUTO_FD int fd = openat(s->fd, at, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	*out = DISK_UNREADABLE;
	if (fd < 0 && (errno == ENOENT || errno == EMFILE || errno == ENFILE || errno == ENOMEM))
		return -errno;
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	*out = DISK_BAD;
	if ((size_t)st.st_size != want->len)
		return 0;
	CLEANUP(disk_done) struct disk d;
	disk_open(&d, s->fd, at, fd);
	return disk_look(&d, 0, want->len, is_wanted, want, out);
}

int store_own_look(struct store *s, const struct store_local *row, struct store_own_look *out,
		   struct fault *why)
{
	char room[STORE_OWN_MOST], at[sizeof(struct layout)];
	const struct own_name name = store_own_name(row->path);
	const struct wanted want = { room, store_own_pack(row, room) };
	enum disk_state state;
	snprintf(at, sizeof(at), FOLDER "/%s", name.at);
	int rc = compare(s, at, &want, &state);
	if (rc && rc != -ENOENT)
		return store_own_fault(s, name.at, rc, why);
	*out = (struct store_own_look){ .bytes = want.len };
	if (rc) {
		(void)store_own_write(s, row, NULL); /* a full disk: at the next look */
		return 0;
	}
	out->bad = state != DISK_GOOD;
	out->unreadable = state == DISK_UNREADABLE;
	out->mended = state == DISK_MENDED || (out->bad && !store_own_write(s, row, NULL));
	return 0;
}
