#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Power cuts and kills of a store that is at work: what is recorded, torn and looked at is in replay.c. The figure of a thousand cuts is
# `make bench-cache-crash`. The same luck gives nearly the same cuts: a store numbers its renditions from a place of its own choice.
set -u
[ "${FLAVOUR:-dev}" = dev ] || { echo "1..0 # SKIP the recorder is preloaded, which sanitizers do not allow"; exit 0; }
# Thousands of small files are made and looked at once: memory is kinder to the disk.
[ -w /dev/shm ] && TMPDIR=/dev/shm
export TMPDIR
exec "$B/tests/crash-replay" "$B/tests/crash-work" "$B/tests/crash-recorder.so" 100 8 "${LUCK:-2026}"
