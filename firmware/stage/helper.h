// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

/*
 * Commands that the plan itself runs, as programs of their own so that the supervisor never waits for an answer:
 * each blocks, prints what it does and ends with 0 or, after a sentence, 1.
 */
int helper_token(int argc, char **argv); /* makes a viewer's token unless there is one */
int helper_enrol(int argc, char **argv); /* claims the box of WASL_ROOT for a school, once */
int helper_await(int argc,
		 char **argv); /* until the portal answers and each rung's first segment plays */
