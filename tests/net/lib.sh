# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests of this folder share: a folder of their own, children that end with the test.
# shellcheck source=tests/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tap.sh"
B=${B:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/build/dev}
children=()
namespaces=()
work=$(mktemp -d)

now_ms() { date +%s%3N; }

is_crowded() { awk -v have="$(nproc)" '{ exit !($1 > have) }' /proc/loadavg; }

# within SECONDS COMMAND...: until it succeeds; the time it took in $took (ms). It may take six times as long where more wants to run
# than there are processors for: what a line does is then not all that is measured.
within() {
	local limit=$(($1 * 1000)) begun
	begun=$(now_ms)
	shift
	until "$@"; do
		took=$(($(now_ms) - begun))
		[ "$took" -lt "$limit" ] || { [ "$took" -lt $((6 * limit)) ] && is_crowded; } || return 1
		sleep 0.02
	done
	took=$(($(now_ms) - begun))
}

clean_up() {
	local status=$?
	for pid in "${children[@]}"; do kill -9 "$pid" 2>/dev/null || true; done
	wait 2>/dev/null || true
	for ns in "${namespaces[@]}"; do ip netns del "$ns" 2>/dev/null || true; done
	if [ "$failed" -ne 0 ] || [ "$status" -ne 0 ]; then
		for log in "$work"/*.log; do
			[ -e "$log" ] || continue
			echo "# --- ${log##*/}"
			tail -n 40 "$log" | sed 's/^/# /'
		done
	fi
	rm -rf "$work"
}
trap clean_up EXIT

# ask METHOD TARGET: the daemon's control socket (from its folder: socket paths are short)
ask() { (cd "$work" && curl -s --max-time 5 -X "$1" --unix-socket root/run/wasl/netmgrd.sock "http://x$2"); }
