// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>

/*
 * Languages as films and files name them (ISO 639-2, "ara"), as lessons do (BCP 47, "ar"). The house's own are known; others stay as
 * they are. Pure.
 */
/* 1 and `out`; 0 and "" for what is no tag of a language, or says that none is known. */
int language_of_tag(const char *tag, char out[static 12]);
bool language_is_ours(const char *tag);
