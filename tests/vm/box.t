#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The uplink manager on the kernel that boxes run, Debian's own: what tests/net tries here, in an emulated machine, with cake and
# fq_codel, which are not everywhere. A quarter of an hour.
# shellcheck source=tests/vm/lib.sh
. "$(dirname "$0")/lib.sh"
for name in failover shape prefer wall; do
	VM_SECONDS=1200 tests/vm/run bash "tests/net/$name.t" >"$work/$name" 2>&1
	status=$?
	# Its skips would be the emulated machine's, and nobody would know.
	sed -n '/^1\.\.0/!p' "$work/$name" | grep -Ev '^1\.\.' | sed 's/^\(ok\|not ok\) [0-9]* - /# \1: /'
	is $status 0 "every check of $name.t on Debian's kernel"
	[ "$(grep -c '^ok' "$work/$name")" -ge 20 ]
	ok $? "and they were made, not skipped: $(grep -c '^ok' "$work/$name")"
done
finish
