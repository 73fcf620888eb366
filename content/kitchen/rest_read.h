// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "content/kitchen/rest.h"

/* What the kernel says of heat and power, below `sys` ("/sys"). What cannot be read is unknown; nothing fails. */
int rest_read_warm_c(const char *sys);
enum rest_power rest_read_power(const char *sys);
