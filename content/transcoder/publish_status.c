// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/publish_status.h"

#include <errno.h>

enum publish_end publish_status(int code)
{
	switch (code) {
	case 0:
		return PUBLISH_DONE;
	case -ENOMEM:
		return PUBLISH_MEMORY;
	case -ENOSPC:
	case -EDQUOT:
	case -EROFS:
		return PUBLISH_DISK;
	default:
		return PUBLISH_FAILED;
	}
}

int publish_code(int status)
{
	switch (status) {
	case PUBLISH_DONE:
		return 0;
	case PUBLISH_DISK:
		return -ENOSPC;
	case PUBLISH_MEMORY:
		return -ENOMEM;
	default:
		return -EBADMSG;
	}
}
