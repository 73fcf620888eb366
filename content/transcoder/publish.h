// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

/*
 * What people and `waslhub publish` call: `wasl-transcoder probe` and `wasl-transcoder mezzanine`. The parent opens files
 * and puts finished ones in their place; a walled-in child does everything that touches foreign bytes.
 * Both take the arguments after the verb and return the exit status: 0 done, 1 refused or failed, 2 usage.
 */
int publish_probe(int argc, char **argv);
int publish_mezzanine(int argc, char **argv);
extern const char publish_usage[];
