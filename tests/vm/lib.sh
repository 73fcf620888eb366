# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034 # used by who sources it
# What the tests under Debian's kernel need: the emulator, the kernel, a folder of their own.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tap.sh
. tests/tap.sh
command -v qemu-system-x86_64 >/dev/null || skip_all "qemu-system-x86_64 is not installed (board/deps vm)"
tests/vm/kernel "${VM_FOLDER:-build/vm}" || skip_all "Debian's kernel cannot be fetched here"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
