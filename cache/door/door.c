// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/door/door.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"
#include "firmware/base/vars.h"

enum { TEMPLATE_BYTES = 64 << 10, SAID_BYTES = 512 };

static const struct conf_key keys[] = {
	CONF_STR(struct door_part, listen, "listen", "0.0.0.0",
		 "address of the classroom's pages; [::] is IPv6 and IPv4"),
	CONF_INT(struct door_part, port, "port", "80", 1, 65535, "port of the classroom's pages"),
	CONF_INT(struct door_part, workers, "workers", "0", 0, 16,
		 "worker processes; 0 is one for each processor"),
};
static const struct conf_section sections[] = {
	{ "door", keys, ARRAY_LEN(keys), .at = offsetof(struct door_conf, door),
	  .help = "The web server of the classroom." },
	WALL_CONF_SECTION(struct door_conf, wall),
};
const struct conf_schema door_schema = { "wasl-door", sections, ARRAY_LEN(sections) };

static bool is_address(const char *text)
{
	struct in6_addr room;
	char inner[64];
	const size_t len = strlen(text);
	if (text[0] != '[')
		return inet_pton(AF_INET, text, &room) == 1;
	if (text[len - 1] != ']')
		return false;
	snprintf(inner, sizeof(inner), "%.*s", (int)len - 2, text + 1);
	return inet_pton(AF_INET6, inner, &room) == 1;
}

int door_check(const struct door_conf *conf, struct fault *why)
{
	if (is_address(conf->door.listen))
		return wall_conf_check_portal(&conf->wall, why);
	return fault_set(
		why, -EINVAL, "door.listen",
		"[door] listen = '%s' is no address: write 10.0.0.1, or [fd00::1] with its "
		"brackets",
		conf->door.listen);
}

/* --- the text --------------------------------------------------------------------------------------- */

static int set_int_or_auto(struct vars *v, const char *name, int64_t n, struct fault *why)
{
	return n ? vars_set_int(v, name, (long)n, why) : vars_set(v, name, "auto", why);
}

static int set_places(struct vars *v, const struct door_conf *conf,
		      const struct door_places *places, struct fault *why)
{
	const struct path parts = paths_given("%s/conf", places->parts),
			  root = paths_at("/run/wasl-nginx"), run = paths_at("/run/wasl"),
			  store = paths_at("/var/lib/wasl/content/store"),
			  portal = paths_at("/var/lib/wasl/content/portal"),
			  want = paths_at("/run/wasl/want.sock");
	const struct {
		const char *name, *value;
	} rows[] = {
		{ "USER_LINE", geteuid() == 0 ? "user www-data;" : "" },
		{ "LISTEN", conf->door.listen },
		{ "NAME", conf->wall.portal },
		{ "PARTS", parts.at },
		{ "MODULE", places->module },
		{ "ROOT", root.at },
		{ "RUN", run.at },
		{ "STORE", store.at },
		{ "PORTAL", portal.at },
		{ "WANT_SOCK", want.at },
		/* from ROOT, as a socket's address is short */
		{ "CONTENT_PUBLIC_SOCK", "../wasl/content-public.sock" },
	};
	int rc = 0;
	for (size_t i = 0; i < ARRAY_LEN(rows) && rc == 0; i++)
		rc = vars_set(v, rows[i].name, rows[i].value, why);
	if (rc == 0)
		rc = vars_set_int(v, "PORT", (long)conf->door.port, why);
	return rc ? rc : set_int_or_auto(v, "WORKERS", conf->door.workers, why);
}

static void clean_vars(struct vars *v)
{
	vars_done(v);
}

int door_text(const struct door_conf *conf, const struct door_places *places, char **out,
	      struct fault *why)
{
	const struct path from = paths_given("%s/nginx.conf.in", places->parts);
	CLEANUP(clean_vars) struct vars values = { 0 };
	AUTO_FREE void *template = NULL;
	size_t len = 0;
	int rc = fileio_read(from.at, TEMPLATE_BYTES, &template, &len, why);
	if (rc == 0)
		rc = set_places(&values, conf, places, why);
	if (rc)
		return rc;
	rc = vars_expand(&values, template, out, why);
	return rc ? fault_within(why, "'%s'", from.at) : 0;
}

/* --- what nginx says to it -------------------------------------------------------------------------- */

/* What the child says until its end; the first line is what a person needs. */
static void first_line(int fd, char said[static SAID_BYTES])
{
	size_t len = 0;
	char more[SAID_BYTES];
	for (ssize_t n; (n = read(fd, more, sizeof(more))) > 0 || (n < 0 && errno == EINTR);) {
		const size_t room = SAID_BYTES - 1 - len;
		const size_t take = n < 0 ? 0 : (size_t)n < room ? (size_t)n : room;
		memcpy(said + len, more, take);
		len += take;
	}
	said[len] = '\0';
	said[strcspn(said, "\n")] = '\0';
}

static int ask_nginx(const char *nginx, const char *file, struct fault *why)
{
	char said[SAID_BYTES];
	char *const argv[] = { (char *)(uintptr_t)nginx,     (char *)(uintptr_t) "-t",
			       (char *)(uintptr_t) "-q",     (char *)(uintptr_t) "-c",
			       (char *)(uintptr_t)file,      (char *)(uintptr_t) "-e",
			       (char *)(uintptr_t) "stderr", NULL };
	posix_spawn_file_actions_t actions;
	int ends[2], status = 0;
	pid_t child;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fault_set(why, -errno, "door.nginx", "cannot make a pipe: %s",
				 strerror(errno));
	AUTO_FD int from = ends[0];
	int r = posix_spawn_file_actions_init(&actions);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
	if (r == 0)
		r = posix_spawn(&child, nginx, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (r)
		return fault_set(why, -r, "door.nginx", "'%s' cannot be run: %s", nginx,
				 strerror(r));
	first_line(from, said);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return fault_set(why, -errno, "door.nginx", "lost sight of '%s': %s", nginx,
					 strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return fault_set(why, -EINVAL, "door.refused",
			 "nginx refuses the configuration made for it, the one before stays: %s",
			 said[0] ? said : "it says nothing");
}

int door_write(const struct door_conf *conf, const struct door_places *places, struct fault *why)
{
	const struct path root = paths_at("/run/wasl-nginx"),
			  final = paths_at("/run/wasl-nginx/nginx.conf"),
			  tried = paths_at("/run/wasl-nginx/nginx.conf.new");
	AUTO_FREE char *text = NULL;
	int rc = door_text(conf, places, &text, why);
	if (rc == 0)
		rc = paths_mkdir(root.at, 0755, why);
	if (rc == 0)
		rc = fileio_replace(tried.at, text, strlen(text), 0644, why);
	if (rc)
		return rc;
	rc = ask_nginx(places->nginx, tried.at, why);
	if (rc == 0 && rename(tried.at, final.at) < 0)
		rc = fault_set(why, -errno, "door.write", "cannot write '%s': %s", final.at,
			       strerror(errno));
	if (rc)
		unlink(tried.at);
	return rc;
}
