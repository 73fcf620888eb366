#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # many functions are only called by "within"
# Lines that are measured: a real wasl-ndtd behind nginx, a real wasl-netmgrd-sim, and hubs that do not do as they should.
# WASL_LONG=1: hubs that say nothing, too. Over emulated lines and a real kernel: make bench-netmgr BENCH_ONLY=measure.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/net/lib.sh
. tests/net/lib.sh
need nginx curl jq python3

# --- the hub -----------------------------------------------------------------------------------------
hub=$(free_port)
mkdir -p "$work/root/etc/wasl"
start_ndtd
ok $? "the hub's end is there"
port=$(ndtd .ndt7.port)
start_nginx - nginx <<END
server {
	listen 127.0.0.1:$hub;
	$answers_check
	location /ndt/v7/ {
		proxy_http_version 1.1;
		proxy_set_header Upgrade \$http_upgrade;
		proxy_set_header Connection upgrade;
		proxy_set_header X-Real-IP 192.0.2.7;
		proxy_pass http://127.0.0.1:$port;
	}
}
END

# --- hubs that do not do as they should: all at once, some take their time ------------------------------
python3 tests/net/ndt-liar.py >"$work/liar.port" 2>"$work/liar.log" &
children+=($!)
within 60 test -s "$work/liar.port"
liar=$(cat "$work/liar.port")
measures() { # measures NAME WAY HOST PORT [BYTES]: in the background; its last word in NAME.end
	(
		exec 3<>"/dev/tcp/127.0.0.1/$4" || exit 1
		# Behind its walls no file may grow: a pipe.
		"$B/bin/wasl-ndt" "$2" "$3" early "${5:-0}" 2>"$work/$1.log" | cat >"$work/$1.said"
		echo "${PIPESTATUS[0]} $(tail -n 1 "$work/$1.said" | jq -r '"\(.end) \(.bps < 1e12)"')" >"$work/$1.tmp"
		mv "$work/$1.tmp" "$work/$1.end"
	) &
	children+=($!)
}
lies=(refuses:download:refused garbage:download:broken no-json:download:rude huge:download:rude huge:upload:rude
	endless-text:upload:rude negative:download:rude early:download:broken binary:upload:rude)
# These wait until their patience is used up.
[ -z "${WASL_LONG:-}" ] || lies+=(mute:download:late still:download:late)
for lie in "${lies[@]}"; do
	IFS=: read -r how way _ <<<"$lie"
	measures "$how-$way" "$way" "$how" "$liar"
done
measures boasts upload boasts "$liar" 3000000
measures takes upload takes "$liar" 300000
measures keyless download hub "$port"

# --- the box -----------------------------------------------------------------------------------------
cat >"$work/root/etc/wasl/profile.conf" <<-END
	[net]
	check_url = http://127.0.0.1:$hub/v1/check/
	retry_s = 1
	hold_s = 1
	dwell_s = 0
	regret_s = 0
	window_s = 0
	[measure]
	metered-most = 65536
	[gate]
	listen = 127.0.0.1:$(free_port)
	target = 127.0.0.1:$hub
	[uplink adsl]
	kind = dsl
	sim_rate_kbps = 6000
	sim_rtt_ms = 30
	preference = 10
	[uplink lte]
	kind = mobile
	sim_rate_kbps = 4000
	sim_rtt_ms = 30
	preference = 20
	[uplink spent]
	kind = mobile
	quota = 1
	preference = 30
END
start_simulated
line() { ask GET /v1/uplinks | jq -r ".uplinks[] | select(.name == \"$1\") | $2"; }
line_is() { [ "$(line "$1" .state)" = "$2" ]; }
# What is measured without being named is the preferred line: the better one, whichever was up first.
all_are_up() { line_is adsl up && line_is lte up && line_is spent capped && [ "$(ask GET /v1/uplinks | jq -r .preferred)" = adsl ]; }
within 60 all_are_up
ok $? "the lines are up"
try() { WASL_ROOT=$work/root "$B/bin/wasl" --lang en net test "$@" >"$work/try.out" 2>"$work/try.err"; }
as_json() { try --json "$@" && jq -r "$what" "$work/try.out"; }

try
is $? 1 "without a key the hub does not measure"
like "$work/try.out" "adsl: could not be measured" "the line is named"
like "$work/try.out" "does not know this box" "and what it is"
device=00112233445566778899aabbccddeeff
give_key $device "$(key_of $device)" >"$work/given"

before=$(line adsl '.rx_bytes + .tx_bytes')
what='"\(.uplink) \(.method) \(.truncated) \(.good) \(.proved) \(.down.end) \(.up.end) \(.rtt_us > 25000) \(.down.bps > 4e6 and .down.bps < 6.6e6) \(.by)"'
is "$(as_json)" "adsl truncated true true true stable stable true true hand" "a line is measured early, and called truncated"
cost=$(jq .bytes "$work/try.out")
charged() { [ $(($(line adsl '.rx_bytes + .tx_bytes') - before)) -ge "$cost" ]; }
within 20 charged
ok $? "its bytes are charged as any others"
is "$(line adsl '.measured | "\(.cursor) \(.truncated)"')" "$(jq -r '"\(.cursor) \(.truncated)"' "$work/try.out")" "the line shows its newest"
WASL_ROOT=$work/root "$B/bin/wasl" --lang en net status >"$work/status"
like "$work/status" "adsl: [0-9.]+ Mbit/s down · [0-9.]+ Mbit/s up · [0-9]+ ms · [0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{5} [(]cut short" "wasl net status does, too"

what='"\(.down.end) \(.up.end) \(.down.bytes < 300000) \(.up.bytes < 300000)"'
is "$(as_json --uplink lte)" "cap cap true true" "a metered line is measured until its cap"

# Who says nothing takes nobody's place: more of them than there are places
in_background - idle python3 tests/net/ndt-idle.py "$port" 200 "$work/idle.go"
within 60 grep -q '^ready' "$work/idle.log"
is "$(as_json --uplink lte)" "cap cap true true" "a line is measured while many are connected and say nothing"
shown_out() { [ "$(ndtd .ndt7.gave_way)" -ge "$1" ]; }
within 60 shown_out 130
touch "$work/idle.go"
within 60 grep -q '^[^r]' "$work/idle.log"
like "$work/idle.log" '^HTTP/1\.[01] 401 ' "and an address with one connection keeps it, whoever comes in numbers from elsewhere"

try --uplink spent
is $? 1 "a line whose rest is for people and reports is not measured"
like "$work/try.err" "line 'spent' has no bytes left" "and says why"
try --uplink nowhere
like "$work/try.err" "no line 'nowhere'" "a line that is none is named"

# A line that falls; another test meanwhile
try --full --uplink adsl &
full=$!
children+=("$full")
runs() { [ "$(ask GET /v1/measure | jq -r .runs)" = true ]; }
within 20 runs
code=$(cd "$work" && curl -s --max-time 60 -o "$work/second" -w '%{http_code}' --unix-socket root/run/wasl/netmgrd.sock -d '{"uplink":"lte"}' http://x/v1/measure)
is "$code $(jq -r .error "$work/second")" "503 measure.runs" "one at a time"
ask POST '/v1/sim/cut?uplink=adsl' >/dev/null
wait $full
is $? 1 "a line falls while it is measured"
like "$work/try.out" "The line fell|broke off" "and that is said"
is "$(ask GET '/v1/measurements?after=0' | jq -r '[.rows[].cursor] == ([.rows[].cursor] | sort | unique) and .next == .rows[-1].cursor and (.rows | length) == 5')" true \
	"all are kept, in order"

# --- what became of the others ---------------------------------------------------------------------------
for lie in "${lies[@]}"; do
	IFS=: read -r how way end <<<"$lie"
	within 60 test -e "$work/$how-$way.end"
	is "$(cat "$work/$how-$way.end")" "0 $end true" "a hub that is wrong ($how, $way)"
done
within 60 test -e "$work/boasts.end"
# What the kernel knows to have arrived is what counts.
arrived=$(sed -n 's/^arrived //p' "$work/liar.log" | tail -n 1)
is "$(cat "$work/boasts.end") $(tail -n 1 "$work/boasts.said" | jq ".bytes <= $arrived")" "0 late true true" "a hub that boasts makes no line faster"
within 60 test -e "$work/takes.end"
is "$(cat "$work/takes.end") $(tail -n 1 "$work/takes.said" | jq .bytes)" "0 cap true 300000" "one that only takes is sent as much as it may cost, and each byte counts"
within 60 test -e "$work/keyless.end"
is "$(cat "$work/keyless.end")" "0 refused true" "who has no key is refused"
counts() { ndtd '.ndt7 | "\(.now) \(.without_key >= 2) \(.served + .broken_off >= 4)"'; }
counts_are() { [ "$(counts)" = "$1" ]; }
within 20 counts_are "0 true true"
is "$(counts)" "0 true true" "the hub counts them, and nobody is left"
finish
