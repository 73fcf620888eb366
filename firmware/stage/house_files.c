// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"
#include "firmware/stage/house.h"

enum { TEMPLATE_BYTES = 256 << 10, ROOT_BYTES = 64 << 10 };

/* A build with sanitizers reserves terabytes of address space: no limit there. Else the default of wasl-contentd. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define JOB_MEMORY "0"
#else
#define JOB_MEMORY "768M"
#endif

static void clean_vars(struct vars *v)
{
	vars_done(v);
}

static int join(char **out, const char *base, const char *rest, struct fault *why)
{
	return asprintf(out, "%s/%s", base, rest) < 0
		       ? fault_set(why, -ENOMEM, "memory", "out of memory")
		       : 0;
}

/* TREE/template with `values` filled in becomes `base`/`name`. */
static int fill(const struct vars *vars, const char *template, const struct vars *values,
		const char *base, const char *name, struct fault *why)
{
	AUTO_FREE char *from = NULL;
	AUTO_FREE char *to = NULL;
	AUTO_FREE void *text = NULL;
	AUTO_FREE char *filled = NULL;
	size_t len = 0;
	int rc = join(&from, vars_get(vars, "TREE"), template, why);
	if (rc == 0)
		rc = join(&to, base, name, why);
	if (rc == 0)
		rc = fileio_read(from, TEMPLATE_BYTES, &text, &len, why);
	if (rc)
		return rc;
	rc = vars_expand(values, text, &filled, why);
	if (rc)
		return fault_within(why, "'%s'", from);
	return fileio_replace(to, filled, strlen(filled), 0644, why);
}

static int make_folders(const char *base, const char *const *names, size_t count, struct fault *why)
{
	for (size_t i = 0; i < count; i++) {
		AUTO_FREE char *path = NULL;
		int rc = join(&path, base, names[i], why);
		if (rc == 0)
			rc = paths_mkdir(path, 0755, why);
		if (rc)
			return rc;
	}
	return 0;
}

/* Values of a template under the names that it uses, from ours (`from`) or as a text with ours in it. */
struct place {
	const char *name, *text;
};

static int set_places(const struct vars *vars, const struct place *places, size_t count,
		      struct vars *out, struct fault *why)
{
	for (size_t i = 0; i < count; i++) {
		AUTO_FREE char *value = NULL;
		int rc = vars_expand(vars, places[i].text, &value, why);
		if (rc == 0)
			rc = vars_set(out, places[i].name, value, why);
		if (rc)
			return rc;
	}
	return 0;
}

/* By way of the hub's nginx, as the simulated line leads there; the UDP echo stays out of everybody's way. */
static int write_ndtd(const struct vars *vars, const char *hub, struct fault *why)
{
	AUTO_FREE char *path = NULL;
	char text[128];
	const int len = snprintf(text, sizeof(text),
				 "[ndtd]\naddress = 127.0.0.1\nport = 0\nndt-port = %s\n",
				 vars_get(vars, "NDT_PORT"));
	const int rc = join(&path, hub, "etc/wasl/ndtd.conf", why);
	return rc ? rc : fileio_replace(path, text, (size_t)len, 0644, why);
}

int house_files_hub(struct vars *vars, struct fault *why)
{
	/* Sockets by short names: nginx's working folder is the hub's root. */
	static const struct place places[] = {
		{ "ROOT", "@HUB@" },
		{ "LISTEN", "@HUB_LISTEN@" },
		{ "PORT", "@HUB_PORT@" },
		{ "USER_LINE", "@USER_LINE@" },
		{ "WEB", "@BIN@/share/hub" },
		{ "ORIGIN", "@HUB@/var/lib/wasl/hub/origin" },
		{ "HUBD_SOCK", "run/wasl/hubd.sock" },
		{ "NDT_PORT", "@NDT_PORT@" },
	};
	static const char *const folders[] = { "etc/wasl", "run/wasl", "var/cache/wasl/hub-nginx" };
	const char *hub = vars_get(vars, "HUB");
	CLEANUP(clean_vars) struct vars values = { 0 };
	int rc = make_folders(hub, folders, ARRAY_LEN(folders), why);
	if (rc == 0)
		rc = set_places(vars, places, ARRAY_LEN(places), &values, why);
	if (rc == 0)
		rc = fill(vars, "provisioning/hub/nginx.conf.in", &values, hub,
			  "etc/wasl/nginx.conf", why);
	return rc ? rc : write_ndtd(vars, hub, why);
}

/* The root that an image would pin. A box that trusts another ministry is left alone. */
static int pin_root(const struct vars *vars, struct fault *why)
{
	AUTO_FREE char *from = NULL;
	AUTO_FREE char *to = NULL;
	AUTO_FREE void *root = NULL;
	AUTO_FREE void *have = NULL;
	size_t len = 0, have_len = 0;
	int rc = join(&from, vars_get(vars, "HUB"), "var/lib/wasl/hub/root/1", why);
	if (rc == 0)
		rc = join(&to, vars_get(vars, "BOX"), "etc/wasl/root.1", why);
	if (rc == 0)
		rc = fileio_read(from, ROOT_BYTES, &root, &len, why);
	if (rc)
		return rc;
	if (fileio_read(to, ROOT_BYTES, &have, &have_len, NULL))
		return fileio_replace(to, root, len, 0644, why);
	if (have_len != len || memcmp(have, root, len) != 0)
		return fault_set(why, -EPERM, "stage.root",
				 "the box in '%s' trusts another ministry than the one in '%s'; "
				 "remove both folders to begin anew",
				 vars_get(vars, "BOX"), vars_get(vars, "HUB"));
	return 0;
}

int house_files_box(struct vars *vars, struct fault *why)
{
	static const struct place profile[] = {
		{ "GATE_PORT", "@GATE_PORT@" },
		{ "HUB_PORT", "@HUB_PORT@" },
		{ "BIN", "@BIN@" },
		{ "JOB_MEMORY", JOB_MEMORY },
	};
	static const struct place nginx[] = {
		{ "ROOT", "@BOX@/run/wasl" },
		{ "LISTEN", "@BOX_LISTEN@" },
		{ "PORT", "@PORT@" },
		{ "NAME", "madrasa" },
		{ "USER_LINE", "@USER_LINE@" },
		{ "WORKERS", "auto" },
		{ "PARTS", "@TREE@/cache/nginx/conf" },
		{ "MODULE", "@BIN@/lib/ngx_http_wasl_module.so" },
		{ "RUN", "@BOX@/run/wasl" },
		{ "STORE", "@BOX@/var/lib/wasl/content/store" },
		{ "PORTAL", "@BOX@/var/lib/wasl/content/portal" },
		{ "WANT_SOCK", "@BOX@/run/wasl/want.sock" },
		{ "CONTENT_PUBLIC_SOCK", "content-public.sock" },
	};
	static const char *const folders[] = { "etc/wasl", "run/wasl", "var/lib/wasl" };
	const char *box = vars_get(vars, "BOX");
	CLEANUP(clean_vars) struct vars for_profile = { 0 };
	CLEANUP(clean_vars) struct vars for_nginx = { 0 };
	int rc = make_folders(box, folders, ARRAY_LEN(folders), why);
	if (rc == 0)
		rc = pin_root(vars, why);
	if (rc == 0)
		rc = set_places(vars, profile, ARRAY_LEN(profile), &for_profile, why);
	if (rc == 0)
		rc = set_places(vars, nginx, ARRAY_LEN(nginx), &for_nginx, why);
	if (rc == 0)
		rc = fill(vars, "firmware/stage/profile.conf.in", &for_profile, box,
			  "etc/wasl/profile.conf", why);
	return rc ? rc
		  : fill(vars, "cache/nginx/nginx.conf.in", &for_nginx, box, "etc/wasl/nginx.conf",
			 why);
}
