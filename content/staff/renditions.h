// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

struct store;

/* What was made for phones of a lesson of the school that is deleted. What does not go is logged, and goes when room is needed. */
void renditions_drop(struct store *store, const char *lesson);
