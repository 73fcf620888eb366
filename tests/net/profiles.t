#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every board profile is accepted by every daemon, as the layer that it will be on a box.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/net/lib.sh
. tests/net/lib.sh
for profile in board/profiles/*.conf; do
	mkdir -p "$work/root/etc/wasl"
	cp "$profile" "$work/root/etc/wasl/profile.conf"
	for daemon in netmgrd netmgrd-sim contentd agentd provisiond; do
		[ -x "$B/bin/wasl-$daemon" ] || continue
		WASL_ROOT=$work/root "$B/bin/wasl-$daemon" -n >"$work/out.log" 2>&1
		ok $? "wasl-$daemon -n accepts $(basename "$profile")"
	done
	name=$(basename "$profile" .conf)
	grep -q "^board = $name\$" "$profile"
	ok $? "$(basename "$profile") names its board"
done
finish
