// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "cache/layout.h"
#include "cache/view_private.h"

void view_names_hold(struct view_names *n)
{
	n->held++;
}

void view_names_release(struct view_names *n)
{
	if (!n || --n->held)
		return;
	names_unmap(n->names);
	free(n);
}

/* Maps the index that is there now; the one before stays until then, and as long as it is held. */
static int map_newest(struct view *v)
{
	struct stat st;
	struct names *names;
	int rc = view_dir(v);
	if (rc < 0)
		return rc;
	if (fstatat(v->fd, LAYOUT_NAMES, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (v->names_failed && view_same_file(&st, &v->names_bad))
		return v->names_error;
	v->names_failed = true;
	v->names_bad = st;
	struct view_names *fresh = calloc(1, sizeof(*fresh));
	rc = fresh ? names_map(v->fd, LAYOUT_NAMES, &names, NULL) : -ENOMEM;
	if (rc) {
		free(fresh);
		return rc;
	}
	*fresh = (struct view_names){ names, 1 };
	view_names_release(v->names);
	v->names = fresh;
	v->names_stat = st;
	v->names_failed = false;
	return 0;
}

static void map_names(struct view *v)
{
	v->names_error = map_newest(v);
}

void view_tick(struct view *v)
{
	struct stat st;
	v->names_failed = false;
	if (!v->names || names_superseded(v->names->names)) {
		map_names(v);
		return;
	}
	/* Cut short, or found to be damaged: perhaps there is another, or this one was put right. */
	int rc = names_recheck(v->names->names);
	if (rc || v->names_error) {
		map_names(v);
		return;
	}
	/* A writer that died between rename and announcement left no flag. */
	if (fstatat(v->fd, LAYOUT_NAMES, &st, AT_SYMLINK_NOFOLLOW) < 0)
		v->names_error = -errno;
	else if (!view_same_file(&st, &v->names_stat))
		map_names(v);
}

int view_find(struct view *v, const char *path, size_t len, struct names_entry *out,
	      struct view_names **from)
{
	if (!v->names || names_superseded(v->names->names))
		map_names(v);
	if (!v->names)
		return v->names_error == -ENOENT ? -ENODATA : v->names_error;
	int rc = names_find(v->names->names, path, len, out);
	if (rc == -EBADMSG || rc == -EIO) {
		/* Rot: perhaps another index is there by now. The old one stays for what it still has. */
		const struct view_names *bad = v->names;
		map_names(v);
		if (v->names != bad)
			rc = names_find(v->names->names, path, len, out);
		else
			v->names_error = rc;
	}
	*from = v->names;
	return rc;
}

bool view_names_damaged(const struct view *v)
{
	return v->names_error && v->names_error != -ENOMEM;
}
