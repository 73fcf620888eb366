// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "provisioning/hub/school.h"

/*
 * Made-up schools to try the hub with: number `n` is always the same school, marked as sample, near the middle of a
 * real governorate, wilaya or region, with the code "DEMO-XX-NNNNNN".
 */
void demo_school(unsigned n, struct school *out);
