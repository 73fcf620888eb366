// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/paths.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

static bool is_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);
	return strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

static bool is_ours(const char *path)
{
	static const char *const folders[] = { "/etc", "/run", "/usr/share/wasl", "/var" };
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		if (is_below(path, folders[i]))
			return true;
	return false;
}

static struct path too_long(void)
{
	return (struct path){ "/nonexistent/path.toolong" };
}

__attribute__((format(printf, 1, 0))) static struct path print(const char *fmt, va_list args)
{
	struct path out;
	int n = vsnprintf(out.at, sizeof(out.at), fmt, args);
	return n >= 0 && (size_t)n < sizeof(out.at) ? out : too_long();
}

struct path paths_given(const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	struct path out = print(fmt, args);
	va_end(args);
	return out;
}

struct path paths_at(const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	struct path bare = print(fmt, args);
	va_end(args);

	const char *root = getenv("WASL_ROOT");
	size_t root_len = root ? strlen(root) : 0;
	while (root_len > 0 && root[root_len - 1] == '/')
		root_len--;
	/* A path made from an earlier answer already stands below the root, which may itself lie in /var/tmp. */
	bool again =
		root_len > 0 && strncmp(bare.at, root, root_len) == 0 && bare.at[root_len] == '/';
	if (root_len == 0 || again || !is_ours(bare.at))
		return bare;

	struct path out;
	int n = snprintf(out.at, sizeof(out.at), "%.*s%s", (int)root_len, root, bare.at);
	return n >= 0 && (size_t)n < sizeof(out.at) ? out : too_long();
}

/* mkdir that is content with a folder already there. */
static int make_one(const char *path, unsigned mode)
{
	if (mkdir(path, (mode_t)mode) == 0)
		return 0;
	int code = -errno;
	struct stat st;
	if (code == -EEXIST && stat(path, &st) == 0)
		return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
	return code;
}

int paths_mkdir(const char *path, unsigned mode, struct fault *why)
{
	char part[PATH_MAX];
	size_t len = strlen(path);
	if (len == 0 || len >= sizeof(part))
		return fault_set(why, len ? -ENAMETOOLONG : -EINVAL, "path.mkdir",
				 "'%.200s' is no usable folder name", path);
	memcpy(part, path, len + 1);
	while (len > 1 && part[len - 1] == '/')
		part[--len] = '\0';
	for (size_t i = 1; i <= len; i++) {
		if (part[i] != '/' && part[i] != '\0')
			continue;
		char kept = part[i];
		part[i] = '\0';
		int r = make_one(part, i == len ? mode : 0755);
		if (r < 0)
			return fault_set(why, r, "path.mkdir", "cannot make the folder '%s': %s",
					 part, strerror(-r));
		part[i] = kept;
	}
	return 0;
}
