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

need() { # need TOOL…
	local tool
	for tool; do
		command -v "$tool" >/dev/null || PATH=$PATH:/usr/sbin:/sbin
		command -v "$tool" >/dev/null || skip_all "$tool is not installed"
	done
}
ns() { echo "wasl-$$-$1"; } # ns NAME: of a namespace of this test's
in_ns() { # in_ns NAME COMMAND…
	local where
	where=$(ns "$1")
	shift
	ip netns exec "$where" "$@"
}
make_namespaces() { # make_namespaces NAME…
	local name
	for name; do
		ip netns add "$(ns "$name")" 2>"$work/netns.err" || skip_all "network namespaces are not permitted here"
		namespaces+=("$(ns "$name")")
	done
}
need_nat() { # need_nat NAME: what the uplink manager asks of the kernel, tried in that namespace
	in_ns "$1" nft 'add table inet wasltry { chain c { type nat hook postrouting priority srcnat; oifname "x" ct mark set 1; masquerade; }; }' \
		2>"$work/nft.err" || skip_all "this kernel has no nftables with NAT and connection marks"
	in_ns "$1" nft delete table inet wasltry
}

# ask METHOD TARGET: the daemon's control socket (from its folder: socket paths are short)
ask() { (cd "$work" && curl -s --max-time 5 -X "$1" --unix-socket root/run/wasl/netmgrd.sock "http://x$2"); }
