// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/stage/term.h"

#include <langinfo.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "firmware/base/clock.h"
#include "firmware/stage/progress.h"
#include "firmware/stage/tail.h"

enum {
	TITLE_CELLS = 40,
	BAR_CELLS = 24,
	PLAIN_EVERY_MS = 5000, /* where lines cannot be redrawn */
	LOG_LINES = 12,
};

enum look { LOOK_GOOD, LOOK_BAD, LOOK_DIM, LOOK_BOLD, LOOK_BUSY };

struct term {
	FILE *out;
	bool live, colour, utf8;
	char title[120], detail[200];
	int percent;
	unsigned wheel;
	bool open; /* a step is running */
	uint64_t began_ms, said_ms;
};

struct term *term_open(FILE *out)
{
	struct term *t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	const char *kind = getenv("TERM"), *plain = getenv("NO_COLOR");
	t->out = out;
	t->live = isatty(fileno(out)) == 1 && !(kind && !strcmp(kind, "dumb"));
	t->colour = t->live && !(plain && *plain);
	t->utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	return t;
}

static void clear_line(struct term *t)
{
	if (t->live) /* the running step, or the ^C that the terminal has shown */
		fputs("\r\033[K", t->out);
}

void term_close(struct term *t)
{
	if (!t)
		return;
	clear_line(t);
	fflush(t->out);
	free(t);
}

static const char *ink(const struct term *t, enum look look)
{
	static const char *const codes[] = { [LOOK_GOOD] = "\033[32m",
					     [LOOK_BAD] = "\033[31m",
					     [LOOK_DIM] = "\033[2m",
					     [LOOK_BOLD] = "\033[1m",
					     [LOOK_BUSY] = "\033[36m" };
	return t->colour ? codes[look] : "";
}

static const char *ink_off(const struct term *t)
{
	return t->colour ? "\033[0m" : "";
}

static unsigned columns(const struct term *t)
{
	struct winsize w;
	return ioctl(fileno(t->out), TIOCGWINSZ, &w) == 0 && w.ws_col > 20 ? w.ws_col : 80;
}

/* Bytes of `text` that fill at most `cells` cells, letters counted as one. */
static int fit(const char *text, unsigned cells)
{
	size_t i = 0;
	for (unsigned used = 0; text[i]; i++) {
		if (((unsigned char)text[i] & 0xc0) == 0x80)
			continue;
		if (used++ == cells)
			break;
	}
	return (int)i;
}

static unsigned cells_of(const char *text)
{
	unsigned n = 0;
	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static void put_title(const struct term *t, const char *mark, enum look look)
{
	unsigned cells = cells_of(t->title);
	fprintf(t->out, "  %s%s%s %s%*s", ink(t, look), mark, ink_off(t), t->title,
		cells < TITLE_CELLS ? (int)(TITLE_CELLS - cells) : 1, "");
}

static double seconds(const struct term *t)
{
	return (double)(clock_mono_ms() - t->began_ms) / 1000;
}

static void draw(struct term *t)
{
	static const char *const round[] = { "⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏" };
	static const char *const square[] = { "|", "/", "-", "\\" };
	const char *wheel = t->utf8 ? round[t->wheel % 10] : square[t->wheel % 4];
	char bar[BAR_CELLS * 3 + 1];

	if (!t->live || !t->open)
		return;
	clear_line(t);
	put_title(t, wheel, LOOK_BUSY);
	unsigned used = 4 + (cells_of(t->title) > TITLE_CELLS ? cells_of(t->title) : TITLE_CELLS);
	if (t->percent >= 0) {
		progress_bar(t->percent, BAR_CELLS, t->utf8 ? PROGRESS_BLOCKS : PROGRESS_PLAIN, bar,
			     sizeof(bar));
		used += (unsigned)fprintf(t->out, "%s %3d %% ", bar, t->percent) -
			(unsigned)strlen(bar) + BAR_CELLS;
	}
	if (seconds(t) >= 1)
		used += (unsigned)fprintf(t->out, "%3.0f s  ", seconds(t));
	unsigned width = columns(t);
	if (used + 8 < width)
		fprintf(t->out, "%s%.*s%s", ink(t, LOOK_DIM), fit(t->detail, width - used - 1),
			t->detail, ink_off(t));
	fflush(t->out);
}

void term_begin(struct term *t, const char *title)
{
	snprintf(t->title, sizeof(t->title), "%.*s", fit(title, sizeof(t->title) / 2), title);
	t->detail[0] = '\0';
	t->percent = -1;
	t->open = true;
	t->began_ms = t->said_ms = clock_mono_ms();
	draw(t);
}

void term_progress(struct term *t, const char *line)
{
	size_t len = strlen(line);
	int percent = progress_percent(line, &len);

	if (!t->open)
		return;
	if (percent >= 0)
		t->percent = percent;
	snprintf(t->detail, sizeof(t->detail), "%.*s",
		 len < sizeof(t->detail) ? (int)len : fit(line, sizeof(t->detail) / 4), line);
	if (t->live) {
		draw(t);
	} else if (percent >= 0 && clock_mono_ms() - t->said_ms >= PLAIN_EVERY_MS) {
		t->said_ms = clock_mono_ms();
		fprintf(t->out, "  ... %s %d %%\n", t->title, percent);
		fflush(t->out);
	}
}

void term_tick(struct term *t)
{
	t->wheel++;
	draw(t);
}

void term_end(struct term *t, enum term_end end, const char *detail)
{
	const char *mark = end == TERM_DONE ? (t->utf8 && t->live ? "✓" : "ok")
					    : (t->utf8 && t->live ? "=" : "==");
	clear_line(t);
	put_title(t, mark, end == TERM_DONE ? LOOK_GOOD : LOOK_DIM);
	if (end == TERM_DONE && seconds(t) >= 0.1)
		fprintf(t->out, "%5.1f s  ", seconds(t));
	else
		fprintf(t->out, "%9s", "");
	unsigned used = TITLE_CELLS + 16, width = t->live ? columns(t) : 200;
	if (detail)
		fprintf(t->out, "%s%.*s%s", ink(t, LOOK_DIM),
			fit(detail, width > used ? width - used : 1), detail, ink_off(t));
	fputc('\n', t->out);
	t->open = false;
	fflush(t->out);
}

void term_failed(struct term *t, const char *sentence, const char *remedy, const char *log,
		 uint64_t from)
{
	clear_line(t);
	if (t->open)
		put_title(t, t->utf8 && t->live ? "✗" : "FAILED", LOOK_BAD);
	t->open = false;
	fprintf(t->out, "\n\n  %s%s%s\n", ink(t, LOOK_BAD), sentence, ink_off(t));
	if (remedy)
		fprintf(t->out, "  What to do: %s\n", remedy);
	char *lines = log ? tail_lines(log, from, LOG_LINES) : NULL;
	if (lines && *lines) {
		fprintf(t->out, "\n  the last lines of %s:\n", log);
		for (char *save, *line = strtok_r(lines, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save))
			fprintf(t->out, "  %s| %s%s\n", ink(t, LOOK_DIM), line, ink_off(t));
	}
	free(lines);
	fputc('\n', t->out);
	fflush(t->out);
}

void term_note(struct term *t, const char *fmt, ...)
{
	va_list args;
	clear_line(t);
	fputs("  ", t->out);
	va_start(args, fmt);
	vfprintf(t->out, fmt, args);
	va_end(args);
	fputc('\n', t->out);
	fflush(t->out);
	draw(t);
}

void term_fact(struct term *t, const char *label, const char *fmt, ...)
{
	va_list args;
	unsigned cells = cells_of(label);
	fprintf(t->out, "  %s%s%s%*s", ink(t, LOOK_BOLD), label, ink_off(t),
		cells < 16 ? (int)(16 - cells) : 1, "");
	va_start(args, fmt);
	vfprintf(t->out, fmt, args);
	va_end(args);
	fputc('\n', t->out);
	fflush(t->out);
}
