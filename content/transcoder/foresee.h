// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

#include "firmware/record/catalogue.pb.h"

struct fault;

/*
 * The plan of any file: looks at it (probe.h), lays the grid along its own key frames and walks its sound. A file that
 * is refused has a survey with that verdict and without a plan; a fault means that looking was impossible.
 * The survey is released with pb_release(wasl_Survey_fields, …).
 */
int foresee(int fd, uint64_t size, wasl_Survey *out, struct fault *why);
