// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "content/transcoder/libav.h"

/*
 * From the matrix of one luma and chroma form to BT.709's (ITU-R BT.601, BT.709, BT.2020; SMPTE 240M), on 8-bit 4:2:0 pictures of limited
 * range as they are: the way over RGB, which libswscale takes, costs five times as much and rounds twice. Greys stay what they are.
 */
struct matrix { /* in 1/32768 */
	int y_cb, y_cr, cb_cb, cb_cr, cr_cb, cr_cr;
};
/* From the form of libswscale's SWS_CS_*; 1 when there is something to do. */
int matrix_make(int space, struct matrix *out);
/* In place. */
void matrix_run(const struct matrix *m, AVFrame *picture);
