// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

/* What work.c (films become lessons) and captioning.c (their captions) share; nobody else. */

#include <stddef.h>
#include <stdint.h>

#include "content/staff/intake.h"
#include "content/staff/staff.h"

/* A file that the child made of the film that is being made a lesson: FOLDER/ID.`end`. */
int staff_read_made(const struct staff *s, const char *end, size_t most, void **out, size_t *len,
		    struct fault *why);
void staff_put_ref(wasl_ObjectRef *to, const struct objmap_id *id, uint64_t size, const char *type,
		   const char *name);
/* What makes room for itself; `path` and `type` are borrowed. */
struct intake_order staff_intake(struct staff *s, const char *path, const char *type);
void staff_path(const char *id, const char *rest, char out[static 96]);
