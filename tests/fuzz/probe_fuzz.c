// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "content/transcoder/survey.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* What is said of a lesson can be planned with: sizes, a rate, times in order. */
static void check(const struct probe *p)
{
	if (verdict_check(&p->said) || p->said.kind != (uint32_t)p->verdict)
		abort();
	if (p->verdict == PROBE_REFUSE)
		return;
	const bool picture = p->picture >= 0;
	if ((!picture && p->sound < 0) || picture != (p->form.width > 0) ||
	    picture != (p->form.height > 0) || p->form.width % 2 || p->form.height % 2 ||
	    p->form.turn > 7 || !p->fps_num || !p->fps_den || p->duration_us <= 0 ||
	    p->duration_us > INT64_C(6) * 3600 * 1000000 || p->picture_us > p->duration_us ||
	    p->sound_us > p->duration_us || p->clock.count > SOURCE_JUMPS_MAX)
		abort();
}

static void look(struct source *s, const struct probe *p)
{
	struct survey found;
	if (survey_pictures(s, p, &found, NULL))
		return;
	for (size_t i = 0; i < found.count; i++)
		if (found.spots[i].kind > STILL_CAMERA || found.spots[i].changed > 100 ||
		    found.spots[i].few > 100 || found.spots[i].sharp > 100)
			abort();
	if (found.fields > FIELDS_BOTTOM_FIRST)
		abort();
	survey_done(&found);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	AUTO_FD int fd = memfd_create("lesson", MFD_CLOEXEC);
	if (fd < 0 || fileio_write_all(fd, bytes, len))
		return 0;
	av_log_set_level(AV_LOG_QUIET);
	const struct job_span whole = { 0, len };
	struct source s = { 0 };
	struct probe p;
	if (probe_file(fd, len, &s, &whole, &p, NULL))
		return 0;
	check(&p);
	if (p.verdict != PROBE_REFUSE) {
		if (p.picture >= 0)
			look(&s, &p);
		source_close(&s);
	}
	return 0;
}
