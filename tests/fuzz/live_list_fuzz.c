// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "content/live/live_list.h"
#include "content/live/live_log.h"
#include "content/live/live_url.h"
#include "content/live/live_window.h"
#include "firmware/base/clean.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BASE "http://stream.example/a/b.m3u8"

/* What the relay would ask for is on the web; what it would write can be read back and means what it took. */
static void check_address(const char *reference)
{
	char url[LIVE_URL_BYTES];
	if (live_url_resolve(BASE, reference, url, NULL))
		return;
	if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
		abort();
	if (live_url_check(url, NULL))
		abort();
}

static void check_window(const struct live_list *l)
{
	struct live_window w = { .track = 'm', .target_ms = l->target_ms };
	struct live_piece gone[LIVE_WINDOW_PIECES];
	const struct live_segment *s;
	live_window_look(&w, l, 0);
	while ((s = live_window_next(&w, l, 3 * l->target_ms))) {
		struct live_piece p = { .duration_ms = s->duration_ms,
					.kind = live_window_kind(s),
					.init = s->init.url ? 1 : 0 };
		check_address(s->body.url);
		if (s->missing)
			live_window_skip(&w, s);
		else
			live_window_add(&w, s, &p, false, 30000, gone);
	}
	if (live_window_look(&w, l, 0) || live_window_next(&w, l, 3 * l->target_ms))
		abort(); /* the same list again says nothing new */
	size_t len = 0;
	AUTO_FREE char *text = live_window_text(&w, "0123456789abcdef", &len);
	struct live_list back = { 0 };
	if (!text || live_list_parse(text, len, &back, NULL))
		abort();
	if (back.segment_count != w.count)
		abort();
	live_list_done(&back);
}

/* What a power cut left of a recording's log makes playlists that can be read. */
static void check_log(const char *text, size_t size)
{
	uint64_t ms;
	size_t len = 0;
	struct live_list back = { 0 };
	AUTO_FREE char *list = live_log_playlist(text, size, 'm', &ms, &len);
	AUTO_FREE char *master = live_log_master(text, size, true, &(size_t){ 0 });
	if (!master || (list == NULL) != (live_log_kind(text, size, 'm') == '\0'))
		abort();
	/* One with segments longer than a minute is nothing that the relay takes. */
	if (list && live_list_parse(list, len, &back, NULL) == 0)
		live_list_done(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct live_list l = { 0 };
	check_log((const char *)data, size);
	if (live_list_parse((const char *)data, size, &l, NULL))
		return 0;
	for (size_t i = 0; i < l.variant_count; i++) {
		const struct live_sound *sound = live_list_sound(&l, i);
		check_address(l.variants[i].url);
		if (sound)
			check_address(sound->url);
	}
	if (!l.is_master)
		check_window(&l);
	live_list_done(&l);
	return 0;
}
