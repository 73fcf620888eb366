// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"
#include "firmware/base/text.h"
#include "firmware/stage/house.h"
#include "firmware/stage/port.h"

/* The first school of the sample; its box is the one that runs here. */
#define SAMPLE_SCHOOL "TN110012"
#define SAMPLE_LESSON "content/sample/fractions.mp4"

CLEAN_FN(words, char *, plan_free_words)

/* --- folders ------------------------------------------------------------------------------------ */

static int absolute(const char *path, struct vars *vars, const char *name, struct fault *why)
{
	AUTO_FREE char *real = realpath(path, NULL);
	if (!real)
		return fault_set(why, -errno, "stage.folder", "'%s': %s", path, strerror(errno));
	return vars_set(vars, name, real, why);
}

static int set_joined(struct vars *vars, const char *name, const char *base, const char *rest,
		      struct fault *why)
{
	AUTO_FREE char *path = NULL;
	if (asprintf(&path, "%s%s", vars_get(vars, base), rest) < 0)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	return vars_set(vars, name, path, why);
}

/* Templates and samples: in the tree two folders above the build, or installed. */
static int find_tree(struct vars *vars, struct fault *why)
{
	static const char *const places[] = { "/../..", "/share/wasl", "/../share/wasl" };
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		int rc = set_joined(vars, "TREE", "BIN", places[i], why);
		if (rc)
			return rc;
		AUTO_FREE char *sample = NULL;
		if (asprintf(&sample, "%s/provisioning/hub/sample/schools.csv",
			     vars_get(vars, "TREE")) > 0 &&
		    access(sample, R_OK) == 0)
			return absolute(vars_get(vars, "TREE"), vars, "TREE", why);
	}
	return fault_set(why, -ENOENT, "stage.tree",
			 "'%s' is no build of this tree; give --bin build/dev",
			 vars_get(vars, "BIN"));
}

/* The names go into nginx's configuration. */
static int check_letters(const struct vars *vars, struct fault *why)
{
	static const char *const names[] = { "ROOT", "BIN" };
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *path = vars_get(vars, names[i]);
		size_t good = strcspn(path, " \t\n\"'\\;{}#$");
		if (path[good])
			return fault_set(why, -EINVAL, "stage.folder",
					 "the folder '%s' has a '%c' in its name, which nginx does "
					 "not take; "
					 "use another folder",
					 path, path[good]);
	}
	return 0;
}

static int set_folders(const struct house_order *o, struct vars *vars, struct fault *why)
{
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[len > 0 ? len : 0] = '\0';
	int rc = paths_mkdir(o->root, 0755, why);
	if (rc == 0)
		rc = absolute(o->root, vars, "ROOT", why);
	if (rc == 0)
		rc = absolute(o->bin, vars, "BIN", why);
	if (rc == 0)
		rc = vars_set(vars, "SELF", self, why);
	if (rc == 0)
		rc = check_letters(vars, why);
	if (rc == 0)
		rc = find_tree(vars, why);
	if (rc == 0)
		rc = set_joined(vars, "HUB", "ROOT", "/hub", why);
	if (rc == 0)
		rc = set_joined(vars, "BOX", "ROOT", "/box", why);
	if (rc == 0)
		rc = set_joined(vars, "NETMGRD_SOCK", "BOX", "/run/wasl/netmgrd.sock", why);
	return rc;
}

/* --- the lesson --------------------------------------------------------------------------------- */

/* Name, size and time of one file go into the mark that tells whether a lesson has changed. */
static int mark_file(crypto_generichash_state *mark, const char *folder, const char *name)
{
	char line[PATH_MAX + 80];
	struct stat st;
	snprintf(line, sizeof(line), "%s/%s", folder, name);
	if (stat(line, &st) < 0)
		return -errno;
	int len = snprintf(line, sizeof(line), "%s %lld %lld.%09ld\n", name, (long long)st.st_size,
			   (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	crypto_generichash_update(mark, (const unsigned char *)line, (size_t)len);
	return 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* The video and what lies beside it: NAME.mp4, NAME.json, NAME.ar.vtt … */
static int mark_lesson(const char *path, char out[static 33], struct fault *why)
{
	AUTO_FREE char *folder = strdup(path);
	if (!folder)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	char *name = strrchr(folder, '/');
	*name++ = '\0';
	const char *dot = strrchr(name, '.');
	size_t stem = dot && dot > name ? (size_t)(dot - name) : strlen(name);

	struct dirent **files = NULL;
	int count = scandir(*folder ? folder : "/", &files, NULL, by_name);
	if (count < 0)
		return fault_set(why, -errno, "stage.lesson", "'%s': %s", folder, strerror(errno));
	crypto_generichash_state mark;
	unsigned char hash[16];
	crypto_generichash_init(&mark, NULL, 0, sizeof(hash));
	for (int i = 0; i < count; i++) {
		const char *file = files[i]->d_name;
		if (!strncmp(file, name, stem) && file[stem] == '.')
			mark_file(&mark, folder, file);
		free(files[i]);
	}
	free(files);
	crypto_generichash_final(&mark, hash, sizeof(hash));
	text_hex(hash, sizeof(hash), out);
	return 0;
}

static int set_lesson(const struct house_order *o, struct vars *vars, struct fault *why)
{
	AUTO_FREE char *sample = NULL;
	if (asprintf(&sample, "%s/%s", vars_get(vars, "TREE"), SAMPLE_LESSON) < 0)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	const char *asked = o->lesson && *o->lesson ? o->lesson : sample;
	AUTO_FREE char *path = realpath(asked, NULL);
	struct stat st;
	if (!path || stat(path, &st) < 0 || access(path, R_OK) < 0)
		return fault_set(why, -errno, "stage.lesson",
				 "the lesson '%s' cannot be read (%s); name a video: make run "
				 "LESSON=/path/to/video.mp4",
				 asked, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fault_set(why, -EINVAL, "stage.lesson",
				 "the lesson '%s' is no file; name a video: make run "
				 "LESSON=/path/to/video.mp4",
				 asked);
	char mark[33];
	int rc = mark_lesson(path, mark, why);
	if (rc == 0)
		rc = vars_set(vars, "LESSON", path, why);
	if (rc == 0)
		rc = vars_set(vars, "LESSON_NAME", strrchr(path, '/') + 1, why);
	return rc ? rc : vars_set(vars, "LESSON_STAMP", mark, why);
}

/* --- ports -------------------------------------------------------------------------------------- */

static int check_port(const char *address, long port, const char *make_word, struct fault *why)
{
	struct fault first = { 0 };
	if (port < 1 || port > 65535)
		return fault_set(why, -EINVAL, "stage.port", "%s=%ld is no port (1 to 65535)",
				 make_word, port);
	int rc = port_is_free(address, (uint16_t)port, &first);
	if (rc == -EADDRINUSE)
		return fault_set(why, rc, first.id,
				 "%s; end it (ss -ltnp 'sport = :%ld' shows it) or choose another: "
				 "make run %s=%ld",
				 first.text, port, make_word, port < 65000 ? port + 10 : port - 10);
	return rc ? fault_set(why, rc, first.id, "%s", first.text) : 0;
}

/* A port that nobody has to know before; the same at each run, where that is free. `name` is its variable, `file` below ROOT. */
static int set_kept(struct vars *vars, const char *name, const char *file, struct fault *why)
{
	AUTO_FREE char *path = NULL;
	AUTO_FREE void *kept = NULL;
	size_t len = 0;
	uint16_t port = 0;
	if (asprintf(&path, "%s/%s", vars_get(vars, "ROOT"), file) < 0)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	if (fileio_read(path, 16, &kept, &len, NULL) == 0)
		port = (uint16_t)strtoul(kept, NULL, 10);
	if (!port || port_is_free("127.0.0.1", port, NULL)) {
		char text[8];
		int rc = port_find(&port, why);
		len = (size_t)snprintf(text, sizeof(text), "%u\n", port);
		if (rc == 0)
			rc = fileio_replace(path, text, len, 0644, why);
		if (rc)
			return rc;
	}
	return vars_set_int(vars, name, port, why);
}

/* "127.0.0.1:8080", and the LAN address beside it where that was asked for. */
static int set_listen(struct vars *vars, const char *name, const char *lan, long port,
		      struct fault *why)
{
	char text[80];
	if (*lan)
		snprintf(text, sizeof(text), "127.0.0.1:%ld;\n\t\tlisten %s", port, lan);
	else
		snprintf(text, sizeof(text), "127.0.0.1");
	return vars_set(vars, name, text, why);
}

static int set_url(struct vars *vars, const char *name, const char *lan, long port,
		   struct fault *why)
{
	char text[64];
	snprintf(text, sizeof(text), "http://%s:%ld/", *lan ? lan : "127.0.0.1", port);
	return vars_set(vars, name, text, why);
}

static int set_ports(struct vars *vars, struct fault *why)
{
	char lan[16] = "";
	long port = strtol(vars_get(vars, "PORT"), NULL, 10);
	long hub_port = strtol(vars_get(vars, "HUB_PORT"), NULL, 10);
	int rc = *vars_get(vars, "ON_LAN") ? port_lan_address(lan, why) : 0;
	if (rc == 0 && port == hub_port)
		rc = fault_set(why, -EINVAL, "stage.port",
			       "PORT and HUB_PORT are both %ld; they must differ", port);
	for (int i = 0; rc == 0 && i < (*lan ? 2 : 1); i++) {
		const char *address = i ? lan : "127.0.0.1";
		rc = check_port(address, port, "PORT", why);
		if (rc == 0)
			rc = check_port(address, hub_port, "HUB_PORT", why);
	}
	if (rc == 0)
		rc = vars_set(vars, "LAN", lan, why);
	if (rc == 0)
		rc = set_listen(vars, "BOX_LISTEN", lan, port, why);
	if (rc == 0)
		rc = set_listen(vars, "HUB_LISTEN", lan, hub_port, why);
	if (rc == 0)
		rc = set_url(vars, "PORTAL_URL", lan, port, why);
	if (rc == 0)
		rc = set_url(vars, "HUB_URL", lan, hub_port, why);
	/* The line to the hub goes through the simulated uplink's port. */
	if (rc == 0)
		rc = set_kept(vars, "GATE_PORT", "gate.port", why);
	return rc ? rc : set_kept(vars, "NDT_PORT", "ndt.port", why);
}

/* --- programs ----------------------------------------------------------------------------------- */

static int find_nginx(struct vars *vars, struct fault *why)
{
	AUTO_FREE char *all = NULL;
	const char *path = getenv("PATH");
	/* Its folder is not in everybody's PATH. */
	if (asprintf(&all, "%s:/usr/sbin:/usr/local/sbin", path ? path : "/usr/bin") < 0)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	for (char *save = NULL, *at = strtok_r(all, ":", &save); at;
	     at = strtok_r(NULL, ":", &save)) {
		char program[PATH_MAX];
		if ((size_t)snprintf(program, sizeof(program), "%s/nginx", at) < sizeof(program) &&
		    access(program, X_OK) == 0)
			return vars_set(vars, "NGINX", program, why);
	}
	return fault_set(
		why, -ENOENT, "stage.nginx",
		"nginx is not installed; run: sudo apt-get install -y nginx (or make deps)");
}

static int check_programs(const struct vars *vars, struct fault *why)
{
	for (size_t i = 0; i < house_plan.count; i++) {
		const struct plan_step *step = &house_plan.steps[i];
		if (step->kind == PLAN_ACTION)
			continue;
		CLEANUP(clean_words) char **words = NULL;
		int rc = plan_words(step, vars, &words, why);
		if (rc)
			return rc;
		if (access(words[0], X_OK) < 0)
			return fault_set(why, -errno, "stage.program",
					 "the program '%s' is missing (%s); build it: make",
					 words[0], strerror(errno));
	}
	AUTO_FREE char *module = NULL;
	if (asprintf(&module, "%s/lib/ngx_http_wasl_module.so", vars_get(vars, "BIN")) < 0)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	if (access(module, R_OK) < 0)
		return fault_set(why, -errno, "stage.program",
				 "nginx's module '%s' is missing (%s); build it: make", module,
				 strerror(errno));
	return 0;
}

int house_vars(const struct house_order *o, struct vars *vars, struct fault *why)
{
	int rc = set_folders(o, vars, why);
	if (rc == 0)
		rc = find_nginx(vars, why);
	if (rc == 0)
		rc = vars_set(vars, "USER_LINE", geteuid() == 0 ? "user root;" : "", why);
	if (rc == 0)
		rc = vars_set(vars, "SCHOOL", SAMPLE_SCHOOL, why);
	if (rc == 0)
		rc = vars_set(vars, "SCHOOLS", "", why);
	if (rc == 0 && o->schools > 0)
		rc = vars_set_int(vars, "SCHOOLS", o->schools, why);
	if (rc == 0)
		rc = vars_set_int(vars, "PORT", o->port, why);
	if (rc == 0)
		rc = vars_set_int(vars, "HUB_PORT", o->hub_port, why);
	if (rc == 0)
		rc = vars_set(vars, "ON_LAN", o->listen == HOUSE_LAN ? "yes" : "", why);
	return rc ? rc : set_lesson(o, vars, why);
}

int house_check(struct vars *vars, struct fault *why)
{
	int rc = set_ports(vars, why);
	if (rc == 0)
		rc = check_programs(vars, why);
	if (rc == 0)
		rc = paths_mkdir(vars_get(vars, "HUB"), 0755, why);
	return rc ? rc : paths_mkdir(vars_get(vars, "BOX"), 0755, why);
}
