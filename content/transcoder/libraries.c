// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/libraries.h"

#include <link.h>
#include <stdio.h>
#include <string.h>

#include "content/transcoder/libav.h"

/* What libavcodec calls has no version that it tells; the names of its files have. */
static int put_loaded(struct dl_phdr_info *info, size_t size, void *data)
{
	static const char *const codecs[] = { "libx264.", "libSvtAv1", "libdav1d.", "libvpx.",
					      "libopus." };
	(void)size;
	(void)data;
	const char *slash = strrchr(info->dlpi_name, '/');
	const char *name = slash ? slash + 1 : info->dlpi_name;
	for (size_t i = 0; i < ARRAY_LEN(codecs); i++)
		if (!strncmp(name, codecs[i], strlen(codecs[i])))
			printf(" %s", name);
	return 0;
}

int libraries_print(void)
{
	const struct {
		const char *name;
		unsigned version;
	} ours[] = { { "libavcodec", avcodec_version() },
		     { "libavformat", avformat_version() },
		     { "libswscale", swscale_version() },
		     { "libswresample", swresample_version() } };
	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		printf("%s%s-%u.%u.%u", i ? " " : "", ours[i].name,
		       AV_VERSION_MAJOR(ours[i].version), AV_VERSION_MINOR(ours[i].version),
		       AV_VERSION_MICRO(ours[i].version));
	dl_iterate_phdr(put_loaded, NULL);
	return putchar('\n') < 0;
}
