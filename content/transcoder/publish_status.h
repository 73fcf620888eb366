// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

/*
 * What wasl-transcoder's exit status says to who started it (sysexits.h): whether another try may go better.
 */
enum publish_end {
	PUBLISH_DONE = 0,
	PUBLISH_FAILED = 1, /* the film is to blame, or what was asked for */
	PUBLISH_DISK = 74,  /* what was made cannot be written */
	PUBLISH_MEMORY = 75,
};

/* Of 0 or a negative errno. */
enum publish_end publish_status(int code);
/* The other way round: 0, -ENOSPC, -ENOMEM, or -EBADMSG for whatever else. */
int publish_code(int status);
