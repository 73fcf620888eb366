#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The uplink manager's decisions on seeded traces of lines that fail (wasl-netsim(1)), in short: 600 hours.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/net/lib.sh
. tests/net/lib.sh
command -v jq >/dev/null || skip_all "jq is not installed"
sim() { "$B/bin/wasl-netsim" "$@"; }

sim --seed 11 --traces 600 --json >"$work/a.json"
ok $? "600 hours of lines that fail"
holds() { jq -e "$1" "$work/a.json" >/dev/null; }
holds '.wasl.right_uplink_seconds >= 0.995'
ok $? "the right line in 99.5 % of the time: $(jq .wasl.right_uplink_seconds "$work/a.json")"
holds '.wasl.needless_switches <= 2'
ok $? "next to no needless switch: $(jq .wasl.needless_switches "$work/a.json")"
holds '.wasl.oscillations == 0'
ok $? "no oscillation"
holds '.wasl.right_uplink_seconds > .mwan3.right_uplink_seconds'
ok $? "more often right than mwan3's way: $(jq .mwan3.right_uplink_seconds "$work/a.json")"
sim --seed 11 --traces 600 --json | jq 'del(.cpu_s)' >"$work/b.json"
jq 'del(.cpu_s)' "$work/a.json" | cmp -s - "$work/b.json"
ok $? "the same seed gives the same figures"

cat >"$work/dead.ini" <<-END
	[traces]
	count = 20
	quiet_s = 0
	[line a]
	kind = fibre
	preference = 1
	[line b]
	kind = dsl
	preference = 2
	[event night]
	fault = silent
	line = a
	at_s = 600
	for_s = 1200
END
sim --spec "$work/dead.ini" --json >"$work/a.json"
holds '.wasl.switches <= 60 and .wasl.needless_switches == 0' # one more where the other line was up first
ok $? "a line that falls once is left once and taken again once"
holds '.wasl.wrong_seconds.silent < 20 * 1.5'
ok $? "and left within a second and a half: $(jq '.wasl.wrong_seconds.silent / 20' "$work/a.json") s"

# of two faults by turns or together: what one of them left behind is not held against the line
two() { # name, then events "fault line at for"
	local spec=$work/$1.ini n=0 e
	printf '%s\n' '[traces]' 'count = 60' '[line adsl]' 'kind = dsl' 'preference = 10' 'rtt_ms = 45' \
		'[line sim]' 'kind = mobile' 'preference = 20' 'rtt_ms = 80' 'loss_permille = 5' >"$spec"
	shift
	for e; do
		# shellcheck disable=SC2086
		set -- $e
		printf '[event e%d]\nfault = %s\nline = %s\nat_s = %s\nfor_s = %s\n' $((n++)) "$@" >>"$spec"
	done
	sim --spec "$spec" --seed 3 --json >"$work/a.json"
}
two hub "silent adsl 600 900" "target adsl 1000 900"
holds '.wasl.needless_switches == 0'
ok $? "a hub that died while a line was away is not that line's fault: $(jq .wasl.needless_switches "$work/a.json")"
two portal "portal adsl 600 900" "target adsl 300 3000"
holds '.wasl.right_uplink_seconds >= 0.995'
ok $? "a portal is seen while the hub is dead: $(jq .wasl.right_uplink_seconds "$work/a.json")"
two start "flap adsl 0 600"
holds '.wasl.right_uplink_seconds >= 0.999 and .wasl.needless_switches == 0'
ok $? "a cable that comes and goes from the start: $(jq .wasl.right_uplink_seconds "$work/a.json")"
two names "flap adsl 600 900" "resolver sim 1000 900"
holds '.wasl.right_uplink_seconds >= 0.95'
ok $? "a line on probation is better than one without names: $(jq .wasl.right_uplink_seconds "$work/a.json")"

printf '[event x]\nfault = silent\nline = nowhere\n' >"$work/bad.ini"
said=$(sim --spec "$work/bad.ini" 2>&1)
is $? 1 "an event on a line that is not there is refused"
[[ $said == *nowhere* ]]
ok $? "by name: $said"
refused() { # refused STATUS WORDS NAME ARGUMENT…
	local want=$1 words=$2 name=$3
	shift 3
	said=$(timeout 20 "$B/bin/wasl-netsim" "$@" 2>&1 >"$work/out")
	is $? "$want" "$name is refused"
	[[ $said == *"$words"* ]] && [ ! -s "$work/out" ]
	ok $? "  ... $said"
}
spec() { printf '%s\n' "$@" >"$work/bad.ini"; }
refused 2 "--traces 'x'" "no number" --traces x
refused 2 "--traces '0'" "no trace at all" --traces 0
refused 2 "--traces '99999999999999999999'" "a number that does not fit" --traces 99999999999999999999
refused 2 "--seed '18446744073709551616'" "a seed that does not fit" --seed 18446744073709551616
spec '[event x]' 'fault = loss' 'line = adsl' 'amount = 101'
refused 1 "[event x] amount '101'" "more lost than there is" --spec "$work/bad.ini"
spec '[traces]' weight_{silent,portal,resolver,loss,bloat,flap,oneway,target,zombie,power}' = 0'
refused 1 "weight_silent" "a school to which nothing ever happens" --spec "$work/bad.ini"
spec '[event x]' 'fault = power' 'at_s = 0' 'for_s = 86400'
sim --spec "$work/bad.ini" --traces 1 --json >"$work/a.json" && holds '.wasl | .seconds == 0 and .needless_switches_per_month == 0'
ok $? "a school without power has figures, too"
finish
