#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a signed settings record may carry is something that the programs of the box understand.
set -uo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export WASL_ROOT=$dir
# What the technician wrote: settings come on top.
mkdir -p "$dir/etc/wasl"
printf '[uplink adsl]\ndevice = eth9\n' >"$dir/etc/wasl/profile.conf"
programs=(wasl-agentd wasl-contentd wasl-netmgrd wasl-netmgrd-sim wasl-provisiond)
echo "1..$((2 * ${#programs[@]}))"
n=0
for end in low high; do
	"$B/tests/settings-conf" "$end" >"$dir/$end.conf"
	for program in "${programs[@]}"; do
		n=$((n + 1))
		if said=$("$B/bin/$program" -n -c "$dir/$end.conf" 2>&1); then
			echo "ok $n - $program takes the $end values"
		else
			echo "not ok $n - $program takes the $end values"
			echo "# $said"
		fi
	done
done
