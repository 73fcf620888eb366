// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/wall/emergency.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[EMERGENCY_MODES] = { "none", "open", "closed" };

const char *emergency_name(enum emergency_mode mode)
{
	return names[mode];
}

int emergency_parse(const char *name, enum emergency_mode *out)
{
	for (int i = 0; name && i < EMERGENCY_MODES; i++) {
		if (strcmp(names[i], name) != 0)
			continue;
		*out = (enum emergency_mode)i;
		return 0;
	}
	return -EINVAL;
}

bool emergency_pass(struct emergency *e, uint32_t seconds)
{
	if (e->mode == EMERGENCY_NONE)
		return false;
	e->left_s -= seconds < e->left_s ? seconds : e->left_s;
	if (e->left_s)
		return false;
	e->mode = EMERGENCY_NONE;
	return true;
}

size_t emergency_write(const struct emergency *e, char out[static EMERGENCY_ROOM])
{
	return (size_t)snprintf(out, EMERGENCY_ROOM, "%s %u\n", names[e->mode], e->left_s);
}

int emergency_read(const void *text, size_t len, struct emergency *out)
{
	char line[EMERGENCY_ROOM], *end;
	struct emergency e;
	*out = (struct emergency){ .mode = EMERGENCY_NONE };
	if (len < 2 || len >= sizeof(line) || memchr(text, '\0', len))
		return -EBADMSG;
	memcpy(line, text, len);
	line[len] = '\0';
	char *space = strchr(line, ' ');
	if (!space || line[len - 1] != '\n' || space[1] < '0' || space[1] > '9')
		return -EBADMSG;
	*space = '\0';
	unsigned long left = strtoul(space + 1, &end, 10);
	if (end != line + len - 1 || left > EMERGENCY_MOST_S || emergency_parse(line, &e.mode) < 0)
		return -EBADMSG;
	e.left_s = (uint32_t)left;
	if ((e.mode == EMERGENCY_NONE) != (e.left_s == 0))
		return -EBADMSG;
	*out = e;
	return 0;
}
