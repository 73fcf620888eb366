// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"

#define LINE_BYTES 2048

/* Where lines go belongs to the process, like standard error itself. */
static struct {
	char name[40];
	enum log_level threshold;
	bool journal;
} log_state = { "", LOG_LEVEL_INFO, false };

/* syslog(3) priorities of the four verbs */
static const char priority[] = { [LOG_LEVEL_ERROR] = '3',
				 [LOG_LEVEL_WARN] = '4',
				 [LOG_LEVEL_INFO] = '6',
				 [LOG_LEVEL_DEBUG] = '7' };

/*
 * systemd sets JOURNAL_STREAM to the device and inode of the stream; a service that redirected its
 * standard error elsewhere still has the variable, so both are compared (systemd.exec(5)).
 */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat st;
	if (!stream || fstat(STDERR_FILENO, &st) < 0)
		return false;
	char own[64];
	snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return strcmp(own, stream) == 0;
}

static enum log_level wanted_level(void)
{
	static const char *const words[] = { "error", "warn", "info", "debug" };
	const char *word = getenv("WASL_LOG");
	for (size_t i = 0; word && i < ARRAY_LEN(words); i++)
		if (strcmp(word, words[i]) == 0)
			return (enum log_level)i;
	return LOG_LEVEL_INFO;
}

void log_open(const char *name)
{
	snprintf(log_state.name, sizeof(log_state.name), "%s", name);
	log_state.threshold = wanted_level();
	log_state.journal = stderr_is_journal();
}

static void write_line(enum log_level level, const char *fmt, va_list args)
	__attribute__((format(printf, 2, 0)));

static void write_line(enum log_level level, const char *fmt, va_list args)
{
	if (level > log_state.threshold)
		return;
	char line[LINE_BYTES];
	int head = log_state.journal   ? snprintf(line, 64, "<%c>", priority[level])
		   : log_state.name[0] ? snprintf(line, 64, "%s: ", log_state.name)
				       : 0;
	size_t at = (size_t)head;
	int body = vsnprintf(line + at, sizeof(line) - at - 1, fmt, args);
	if (body < 0)
		return;
	size_t end = at + (size_t)body;
	if (end > sizeof(line) - 2)
		end = sizeof(line) - 2;
	/* A line is one event: a name chosen by a stranger must not be able to start a second one. */
	for (size_t i = at; i < end; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	line[end] = '\n';
	(void)fileio_write_all(STDERR_FILENO, line, end + 1);
}

#define VERB(verb, level)                     \
	void log_##verb(const char *fmt, ...) \
	{                                     \
		va_list args;                 \
		va_start(args, fmt);          \
		write_line(level, fmt, args); \
		va_end(args);                 \
	}

VERB(error, LOG_LEVEL_ERROR)
VERB(warn, LOG_LEVEL_WARN)
VERB(info, LOG_LEVEL_INFO)
VERB(debug, LOG_LEVEL_DEBUG)

static void put(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void put(enum log_level level, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	write_line(level, fmt, args);
	va_end(args);
}

void log_fault(enum log_level level, const char *what, const struct fault *why)
{
	char quoted[sizeof(why->text) * 2];
	size_t at = 0;
	for (const char *c = why->text; *c; c++) {
		if (*c == '"' || *c == '\\')
			quoted[at++] = '\\';
		quoted[at++] = *c;
	}
	quoted[at] = '\0';
	put(level, "event=%s fault=%s text=\"%s\"", what, why->id, quoted);
}
