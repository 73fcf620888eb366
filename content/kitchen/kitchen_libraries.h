// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

struct fault;

#define LIBRARIES_MAX 512u

/*
 * What wasl-transcoder decodes and encodes with, in its own words ("libavcodec-59.37.100 libx264.so.164 …"): a part of every
 * plan's text, as other versions make other bytes. Waits for the program; it reads nothing.
 */
int kitchen_libraries(const char *program, char out[static LIBRARIES_MAX], struct fault *why);
