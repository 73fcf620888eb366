// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/subtitles.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "content/shelf/captions.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/sandbox.h"

#ifdef __SANITIZE_ADDRESS__
#define MEMORY_BYTES 0 /* AddressSanitizer maps terabytes */
#else
#define MEMORY_BYTES (UINT64_C(256) << 20)
#endif
#define CPU_S 60u

/* From here on the bytes are foreign: only what is open already can be written. */
static int convert(const void *bytes, size_t len, struct fault *why)
{
	const struct sandbox_spec spec = { .memory_bytes = MEMORY_BYTES,
					   .cpu_s = CPU_S,
					   .file_bytes = 4 * CAPTIONS_LIMIT_BYTES };
	AUTO_FREE char *vtt = NULL;
	size_t vtt_len = 0;
	unsigned missing = 0;
	struct captions_found found;
	int rc = sandbox_enter(&spec, &missing, why);
	if (rc == 0 && missing) {
		char names[64];
		sandbox_names(missing, names);
		fprintf(stderr, "wasl-transcoder: event=sandbox missing=%s\n", names);
	}
	if (rc == 0)
		rc = captions_to_vtt(bytes, len, &vtt, &vtt_len, &found, why);
	if (rc)
		return rc;
	rc = fileio_write_all(STDOUT_FILENO, vtt, vtt_len);
	return rc ? fault_set(why, rc, "captions.write", "captions cannot be written (%s)",
			      strerror(-rc))
		  : 0;
}

int subtitles_run(int argc, char **argv)
{
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	struct fault why = { 0 };
	if (argc != 3 || strcmp(argv[1], "--in") != 0)
		return 2;
	int rc = fileio_read(argv[2], CAPTIONS_LIMIT_BYTES, &bytes, &len, &why);
	if (rc == 0)
		rc = convert(bytes, len, &why);
	if (rc)
		fprintf(stderr, "wasl-transcoder: '%s': %s (%s)\n", argv[2], why.text, why.id);
	_exit(rc ? 1 : 0); /* behind walls, exit handlers find nothing that they expect */
}
