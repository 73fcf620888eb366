// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>

#include "content/transcoder/probe.h"
#include "content/transcoder/survey.h"
#include "content/transcoder/verdict.h"

/*
 * What `wasl-transcoder probe` and the description of a mezzanine say of a file, in one language: verdict, reason, text, lost (a list
 * of {what, reason, text}), and what the file is unless it was refused. NULL when out of memory.
 */
json_t *probe_json(const struct probe *p, enum strings_lang lang);

/* Adds what a survey found: fields, classes (a list of {from_ms, class}), loudness_lufs (null: no sound, or silence). */
void probe_json_survey(json_t *o, const struct survey *s, double lufs);
