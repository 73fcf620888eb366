// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/wifi/air_file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/log.h"
#include "firmware/base/paths.h"
#include "netmgr/wifi/hostapd.h"

#define FOLDER "/run/wasl/netmgr"
#define BOOK "/var/lib/wasl/netmgr/wifi"
#define BEGINS "hostapd-"
#define ENDS ".conf"

static struct path file_of(const char *device)
{
	return paths_at(FOLDER "/" BEGINS "%s" ENDS, device);
}

static void wipe(void *bytes, size_t len)
{
	if (bytes)
		explicit_bzero(bytes, len);
}

int air_file_put(const char *device, const char *text, struct fault *why)
{
	const struct path file = file_of(device);
	AUTO_FREE void *there = NULL;
	const size_t want = strlen(text);
	size_t len = 0;
	const int r = fileio_read(file.at, HOSTAPD_ROOM, &there, &len, NULL);
	const bool same = r == 0 && len == want && memcmp(there, text, len) == 0;
	wipe(there, len);
	if (same)
		return 0;
	int n = paths_mkdir(paths_at(FOLDER).at, 0755, why);
	if (n == 0)
		n = fileio_replace(file.at, text, want, 0600, why);
	return n < 0 ? n : 1;
}

int air_file_remove(const char *device, struct fault *why)
{
	const struct path file = file_of(device);
	if (unlink(file.at) == 0 || errno == ENOENT)
		return 0;
	return fault_set(why, -errno, "wifi.file", "'%s' cannot be removed: %s", file.at,
			 strerror(errno));
}

static bool is_wanted(const char *name, const struct wifi_conf *list, size_t count)
{
	char want[64];
	for (size_t i = 0; i < count; i++) {
		snprintf(want, sizeof(want), BEGINS "%s" ENDS, list[i].device);
		if (strcmp(name, want) == 0)
			return true;
	}
	return false;
}

void air_file_sweep(const struct wifi_conf *list, size_t count)
{
	DIR *dir = opendir(paths_at(FOLDER).at);
	for (const struct dirent *e; dir && (e = readdir(dir));)
		if (strncmp(e->d_name, BEGINS, sizeof(BEGINS) - 1) == 0 &&
		    !is_wanted(e->d_name, list, count))
			(void)unlinkat(dirfd(dir), e->d_name, 0);
	if (dir)
		closedir(dir);
}

int air_file_passphrase(const struct wifi_conf *c, char out[static WIFI_PASS_MAX + 1],
			struct fault *why)
{
	enum { ROOM = 256 };
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	out[0] = '\0';
	if (wifi_conf_security(c) == WIFI_OPEN)
		return 0;
	int r = fileio_read(paths_at("%s", c->passphrase_file).at, ROOM, &bytes, &len, why);
	if (r < 0)
		return r;
	r = wifi_conf_passphrase(bytes, len, out);
	wipe(bytes, len);
	return r < 0 ? fault_set(
			       why, r, "wifi.passphrase",
			       "the first line of '%s' is no passphrase: write 8 to 63 characters "
			       "of ASCII",
			       c->passphrase_file)
		     : 0;
}

void air_file_load(struct air_book *out)
{
	AUTO_FREE void *text = NULL;
	size_t len = 0;
	out->count = 0;
	int r = fileio_read(paths_at(BOOK).at, AIR_BOOK_ROOM, &text, &len, NULL);
	if (r == 0)
		r = air_book_read(text, len, out);
	if (r < 0 && r != -ENOENT)
		log_warn("event=wifi.book text=\"it cannot be read: channels are chosen anew\"");
}

int air_file_save(const struct air_book *book, struct fault *why)
{
	char text[AIR_BOOK_ROOM];
	const int len = air_book_write(book, text);
	if (len < 0)
		return fault_set(why, len, "wifi.book", "the channels find no room");
	const int r = paths_mkdir(paths_at("/var/lib/wasl/netmgr").at, 0755, why);
	return r < 0 ? r : fileio_replace(paths_at(BOOK).at, text, (size_t)len, 0640, why);
}
