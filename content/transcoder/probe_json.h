// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>

#include "content/transcoder/probe.h"
#include "content/transcoder/verdict.h"

/*
 * What `wasl-transcoder probe` and the description of a mezzanine say of a file, in one language: verdict, reason, text, lost (a list
 * of {what, reason, text}), and what the file is unless it was refused. NULL when out of memory.
 */
json_t *probe_json(const struct probe *p, enum strings_lang lang);
