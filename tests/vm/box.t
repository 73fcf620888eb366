#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The uplink manager on the kernel that boxes run, Debian's own: tests/net/failover.t in an emulated machine. Some minutes.
# shellcheck source=tests/vm/lib.sh
. "$(dirname "$0")/lib.sh"
VM_SECONDS=1200 tests/vm/run bash tests/net/failover.t >"$work/said" 2>&1
status=$?
# Its skips would be the emulated machine's, and nobody would know.
sed -n '/^1\.\.0/!p' "$work/said" | grep -Ev '^1\.\.' | sed 's/^\(ok\|not ok\) [0-9]* - /# \1: /'
is $status 0 "every check of failover.t on Debian's kernel"
[ "$(grep -c '^ok' "$work/said")" -ge 30 ]
ok $? "and they were made, not skipped: $(grep -c '^ok' "$work/said")"
finish
