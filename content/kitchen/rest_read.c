// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/kitchen/rest_read.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware/base/clean.h"

#define MOST_DEVICES 64u

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* A line of text; "" when there is none. */
static void read_line(int dir, const char *device, const char *file, char out[static 32])
{
	char path[300];
	out[0] = '\0';
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", device, file) >= sizeof(path))
		return;
	AUTO_FD int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	const ssize_t len = fd < 0 ? -1 : read(fd, out, 31);
	out[len > 0 ? len : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
}

static void each_device(const char *sys, const char *class,
			void (*each)(void *data, int dir, const char *name), void *data)
{
	char path[PATH_MAX];
	if ((size_t)snprintf(path, sizeof(path), "%s/class/%s", sys, class) >= sizeof(path))
		return;
	CLEANUP(close_dir) DIR *d = opendir(path);
	const struct dirent *e;
	for (unsigned n = 0; d && n < MOST_DEVICES && (e = readdir(d));)
		if (e->d_name[0] != '.') {
			each(data, dirfd(d), e->d_name);
			n++;
		}
}

static void take_zone(void *data, int dir, const char *name)
{
	int *warmest = data;
	char text[32], *end;
	if (strncmp(name, "thermal_zone", 12))
		return; /* a fan */
	read_line(dir, name, "temp", text);
	const long milli = strtol(text, &end, 10);
	/* Sensors that are not connected say -274 or 255 degrees. */
	if (end == text || milli < -50000 || milli > 200000)
		return;
	if (milli / 1000 > *warmest)
		*warmest = (int)(milli / 1000);
}

int rest_read_warm_c(const char *sys)
{
	int warmest = REST_UNKNOWN_C;
	each_device(sys, "thermal", take_zone, &warmest);
	return warmest;
}

struct supplies {
	bool mains, battery, discharging;
};

static void take_supply(void *data, int dir, const char *name)
{
	struct supplies *s = data;
	char type[32], text[32];
	read_line(dir, name, "scope", text);
	if (strcmp(text, "Device") == 0)
		return; /* a mouse's */
	read_line(dir, name, "type", type);
	if (strcmp(type, "Battery") == 0 || strcmp(type, "UPS") == 0) {
		read_line(dir, name, "status", text);
		s->battery = true;
		s->discharging |= strcmp(text, "Discharging") == 0;
	} else {
		read_line(dir, name, "online", text);
		s->mains |= text[0] >= '1' && text[0] <= '2';
	}
}

enum rest_power rest_read_power(const char *sys)
{
	struct supplies s = { 0 };
	each_device(sys, "power_supply", take_supply, &s);
	if (s.mains)
		return REST_MAINS;
	if (s.battery)
		return s.discharging ? REST_ON_BATTERY : REST_MAINS;
	return REST_POWER_UNKNOWN;
}
