#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # many functions are only called by "within"
# net-link, the lines of other tests: as slow, as lossy and as broken as they are told to be. An ordinary user has it in a user
# namespace of his own, where the machine lets him open /dev/net/tun.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
PATH=$PATH:/usr/sbin:/sbin
if [ "$(id -u)" -ne 0 ] && [ -z "${WASL_OWN_ROOT:-}" ] && unshare -Urnm true 2>/dev/null; then
	# shellcheck disable=SC2016 # expanded in there
	WASL_OWN_ROOT=1 exec unshare -Urnm --propagation private bash -c 'mount -t tmpfs run /run && exec bash "$0"' "$PWD/tests/net/link.t"
fi
# shellcheck source=tests/net/lib.sh
. tests/net/lib.sh
[ "$(id -u)" -eq 0 ] || skip_all "needs root, or user namespaces"
: 2>/dev/null <>/dev/net/tun || skip_all "/dev/net/tun cannot be opened"
need ip curl jq busybox
make_namespaces box isp

"$B/tests/net-link" 2>/dev/null
is $? 2 "without a line it says how to call it"
"$B/tests/net-link" dsl nowhere-$$:wan "$(ns isp):line" 2>"$work/nowhere.err" < <(:)
[ $? -eq 1 ] && grep -q 'line dsl: the network namespace' "$work/nowhere.err"
ok $? "a namespace that is not there is named"

coproc LINK { exec "$B/tests/net-link" dsl "$(ns box):wan0" "$(ns isp):line0" fibre "$(ns box):wan1" "$(ns isp):line1" 2>"$work/link.log"; }
# shellcheck disable=SC2153 # set by coproc
children+=("$LINK_PID")
tell() { # tell COMMAND: its answer in $said
	echo "$1" >&"${LINK[1]}" && IFS= read -r -t 20 said <&"${LINK[0]}" && [[ $said != *error* ]]
}
count_of() { # count_of FILTER: of the state
	tell state && jq "$1" <<<"$said"
}
IFS= read -r -t 20 said <&"${LINK[0]}"
is "$said" '{"ready":true}' "two lines are there"
far=203.0.113.10
for i in 0 1; do
	in_ns box ip addr add 10.0.$i.2/24 dev wan$i
	in_ns isp ip addr add 10.0.$i.1/24 dev line$i
	in_ns box ip link set wan$i up
	in_ns isp ip link set line$i up
done
in_ns box ip link set lo up
in_ns isp ip link set lo up
in_ns isp ip addr add $far/32 dev lo
in_ns box ip route add default via 10.0.0.1
for at in $far 10.0.0.1 10.0.1.1; do
	mkdir -p "$work/$at"
	echo "$at" >"$work/$at/who"
	ip netns exec "$(ns isp)" busybox httpd -f -p "$at:80" -h "$work/$at" 2>>"$work/httpd.log" &
	children+=($!)
done
head -c 400000 /dev/zero >"$work/10.0.1.1/big"
pings() { in_ns box busybox ping -q -c "${2:-1}" -i 0.01 -W 1 "$1" >"$work/ping" 2>&1; }
trip_us() { # trip_us FIELD: of the last pings; 1 least, 3 most
	sed -n 's/^round-trip.*= //p' "$work/ping" | cut -d/ -f"$1" | awk '{ printf "%d", $1 * 1000 }'
}
who() { in_ns box curl -s --max-time "${2:-5}" "http://$1/who"; }
reaches() { pings "$1"; }

# --- time ----------------------------------------------------------------------------------------------
within 10 reaches "$far" && within 10 reaches 10.0.1.1
ok $? "without orders a line just carries"
tell 'dsl delay 20' && tell reset
exact() { # the least of many: the others also waited for this machine's processor
	pings "$far" 12
	least=$(trip_us 1)
	[ "$least" -ge 40000 ] && [ "$least" -le 41000 ]
}
within 20 exact
ok $? "20 ms each way are 40 ms and less than one more: $least us"
echo "# frames came out late by (us): $(count_of '.lines.dsl | "half \(.up.late_us_p50), 99 % \(.up.late_us_p99)"')"
[ "$(count_of .lines.dsl.up.frames)" -ge 12 ] && [ "$(count_of .lines.fibre.up.bytes)" -lt 1000 ]
ok $? "frames are counted where they went"
tell 'dsl jitter 10' && pings "$far" 30
[ "$(trip_us 1)" -ge 40000 ] && [ $(($(trip_us 3) - $(trip_us 1))) -ge 3000 ]
ok $? "10 ms of jitter: trips differ by $(($(trip_us 3) - $(trip_us 1))) us, none is too short"
tell 'dsl jitter 0' && tell 'dsl delay 0'

# --- rate ----------------------------------------------------------------------------------------------
tell 'fibre rate 1000 10000'
begun=$(now_ms)
in_ns box curl -s --max-time 30 -o "$work/big" http://10.0.1.1/big
took=$(($(now_ms) - begun))
is "$(stat -c %s "$work/big")" 400000 "400 kB come whole through 10 Mbit/s"
[ $took -ge 320 ]
ok $? "no faster than that: $took ms"
tell 'fibre queue 5000' && tell reset && in_ns box curl -s --max-time 30 -o "$work/big" http://10.0.1.1/big
[ "$(stat -c %s "$work/big")" = 400000 ] && [ "$(count_of .lines.fibre.down.no_room)" -gt 0 ]
ok $? "a short queue drops, and TCP lives with it: $(count_of .lines.fibre.down.no_room) frames"

# --- losses --------------------------------------------------------------------------------------------
tell 'fibre rate 0 0' && tell 'fibre loss 30' && tell reset
in_ns box bash -c 'exec 3>/dev/udp/10.0.1.1/9; for ((i = 0; i < 400; i++)); do echo x >&3; done' 2>/dev/null
lost() { [ "$(count_of '.lines.fibre.up | .lost + .frames')" -ge 400 ]; }
within 5 lost
lost=$(count_of .lines.fibre.up.lost)
[ "$lost" -ge 75 ] && [ "$lost" -le 170 ] # 120, five standard deviations of 9
ok $? "30 % of 400 datagrams are lost: $lost"
tell 'fibre loss 0'

# --- faults --------------------------------------------------------------------------------------------
tell 'dsl router 10.0.0.1' && tell 'dsl silent beyond'
within 5 reaches 10.0.0.1 && ! who $far 0.3 >/dev/null
ok $? "silent beyond the router: it answers, and nobody else"
stops() { # stops WAY TO PORT: a datagram is stopped that way
	local before
	before=$(count_of ".lines.dsl.$1.stopped")
	more() {
		in_ns box bash -c "echo x >/dev/udp/$2/$3" 2>/dev/null
		[ "$(count_of ".lines.dsl.$1.stopped")" -gt "$before" ]
	}
	within 10 more "$@"
}
tell 'dsl oneway up' && stops up "$far" 9
ok $? "one way: what leaves is lost"
tell 'dsl oneway down' && stops down "$far" 9 # the far end's "no such port"
ok $? "or what comes back"
tell 'dsl whole'
is "$(who $far)" $far "whole again"
tell 'dsl resolver dead' && stops up "$far" 53
is "$? $(who $far)" "0 $far" "a dead resolver, and all else works"
tell 'dsl whole' && tell "dsl block $far" && ! who $far 0.3 >/dev/null && within 5 reaches 10.0.0.1
ok $? "a machine that is gone"
tell 'dsl whole' && tell 'dsl portal 10.0.0.1'
is "$(who $far)" 10.0.0.1 "a login page answers in everybody's place"
tell 'dsl portal no'
is "$(who $far)" $far "until somebody has logged in"

# --- the cable -----------------------------------------------------------------------------------------
carrier() { in_ns box cat "/sys/class/net/wan0/$1"; }
tell 'dsl cable out'
is "$(carrier carrier)" 0 "a cable that is out has no carrier"
tell 'dsl cable in'
is "$(carrier carrier)" 1 "and one that is in has"
before=$(carrier carrier_changes)
tell 'dsl flap 10 20 5'
flapped() { [ "$(carrier carrier_changes)" -ge $((before + 10)) ]; }
within 10 flapped
is "$(($(carrier carrier_changes) - before)) $(carrier carrier)" "10 1" "it comes and goes five times, and stays"
is "$(who $far)" $far "and carries again"

tell 'dsl delay x'
[[ $said == *error* ]]
ok $? "what it does not understand it refuses"
tell 'cable delay 5'
[[ $said == *error* ]]
ok $? "as a line that is not there"
eval "exec ${LINK[1]}>&-"
within 5 gone "${children[0]}"
ok $? "it ends with its input"
finish
