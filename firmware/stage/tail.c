// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/stage/tail.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "firmware/base/clean.h"
#include "firmware/base/fileio.h"

enum { TAIL_BYTES = 8192 };

char *tail_lines(const char *path, uint64_t from, size_t count)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return NULL;
	uint64_t size = (uint64_t)st.st_size;
	uint64_t room = size > from ? size - from : 0;
	size_t len = room < TAIL_BYTES ? (size_t)room : TAIL_BYTES;
	AUTO_FREE char *text = malloc(len + 1);
	if (!text || fileio_pread_all(fd, text, len, size - len))
		return NULL;
	while (len > 0 && text[len - 1] == '\n')
		len--;
	size_t begin = len;
	for (size_t lines = 0; begin > 0; begin--) {
		if (text[begin - 1] == '\n' && ++lines == count)
			break;
	}
	memmove(text, text + begin, len - begin);
	text[len - begin] = '\0';
	/* It goes to a terminal, and may come from anywhere. */
	for (char *c = text; *c; c++) {
		if ((unsigned char)*c < 0x20 && *c != '\n')
			*c = ' ';
	}
	return MOVE_PTR(text);
}
