// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

/*
 * `wasl-transcoder captions --in FILE`: captions as people have them (content/shelf/captions.h), read behind walls and written
 * as WebVTT on standard output. Takes the arguments after the verb; returns 2 where they are wrong, else ends the process: 0 done,
 * 1 refused or failed.
 */
int subtitles_run(int argc, char **argv);
