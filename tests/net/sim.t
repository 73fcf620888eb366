#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # many functions are only called by "within"
# wasl-netmgrd-sim: a line that is cut really cuts, whatever the daemon lives through its book stays right.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/net/lib.sh
. tests/net/lib.sh
need nginx curl jq

hub=$(free_port)
gate=$(free_port)
mkdir -p "$work/root/etc/wasl"
start_hub() {
	start_nginx - hub <<-END
		server { listen 127.0.0.1:$hub; $answers_check location = /small { return 200 "small\n"; } }
	END
	nginx_pid=$started
}
start_hub
head -c 3000000 /dev/zero >"$work/www-hub/big"
truncate -s 60000000 "$work/www-hub/half-a-minute" # of the faster line

configure() { # configure WHEN_CUT HUB_EVERY_S
	cat >"$work/root/etc/wasl/profile.conf" <<-END
		[net]
		hub_every_s = $2
		retry_s = 1
		hold_s = 1
		dwell_s = 0
		regret_s = 0
		window_s = 0
		[gate]
		listen = 127.0.0.1:$gate
		target = 127.0.0.1:$hub
		when_cut = $1
		[uplink adsl]
		kind = dsl
		preference = 10
		sim_rate_kbps = 16000
		sim_rtt_ms = 40
		[uplink lte]
		kind = mobile
		metered = no
		preference = 20
		sim_rate_kbps = 8000
		sim_rtt_ms = 80
		quota = 1G
		[zone class]
		kind = classroom
		device = br0
		[wifi class]
		device = radio0
		zone = class
	END
}
preferred_is() { [ "$(ask GET /v1/uplinks | jq -r '.preferred')" = "$1" ]; }
reason_of() { ask GET /v1/uplinks | jq -r ".uplinks[] | select(.name == \"$1\") | .reason"; }
bytes_of() { ask GET /v1/uplinks | jq -r ".uplinks[] | select(.name == \"$1\") | .rx_bytes"; }
get() { curl -s --max-time "${2:-5}" -o /dev/null -w '%{http_code}' "http://127.0.0.1:$gate/$1"; }
small_works() { [ "$(get small)" = 200 ]; }

configure refuse 1
start_simulated
within 5 preferred_is adsl
ok $? "the better line is preferred"
small_works
ok $? "the hub answers through the line"

# --- rate, round trip, bytes -------------------------------------------------------------------------
begun=$(now_ms)
is "$(get big 20)" 200 "3 MB come through"
took=$(($(now_ms) - begun))
echo "# 3 MB at 16 Mbit/s: $took ms"
[ $took -ge 1450 ]
ok $? "no faster than the line"
counted() { [ "$(bytes_of adsl)" -ge 3000000 ]; }
within 2 counted
ok $? "and are counted there"
is "$(bytes_of lte | awk '{print ($1 < 100000)}')" 1 "and not on the other line"
begun=$(now_ms)
small_works
[ $(($(now_ms) - begun)) -ge 40 ]
ok $? "a question takes at least a round trip"

# --- a radio that is not there ---
wifi_says() { [ "$(ask GET /v1/wifi | jq -r '.networks[] | "\(.name) \(.judgement): \(.reason)"')" = "$1" ]; }
within 20 wifi_says "class silent: there is no such device"
ok $? "a wireless network without its radio says so"
WASL_ROOT=$work/root "$B/bin/wasl" --lang fr net wifi >"$work/wifi.text" 2>&1
like "$work/wifi.text" 'madrasa : N.*met pas' "and tells a person"
is "$(ask GET /metrics | grep -c '^wasl_wifi_on_air{network="class"} 0$')" 1 "and Prometheus"

# --- a cut -------------------------------------------------------------------------------------------
curl -s --max-time 60 -o "$work/open" "http://127.0.0.1:$gate/half-a-minute" &
open=$!
within 5 test -s "$work/open" # it has begun
ask POST '/v1/sim/cut?uplink=adsl' >/dev/null
wait $open
status=$?
[ $status -eq 56 ] || [ $status -eq 18 ]
ok $? "an open connection is reset (curl status $status)"
within 2 small_works
ok $? "new ones take the other line"
is "$(reason_of adsl)" cable "the reason is the cable"
ask POST '/v1/sim/cut?uplink=lte' >/dev/null
within 2 preferred_is null
curl -s --max-time 3 "http://127.0.0.1:$gate/small"
is $? 7 "both cut: a new connection is refused"
is "$(ask POST '/v1/sim/cut?uplink=nothing' | jq -r .error)" sim.uplink "an unknown line is said to be unknown"
is "$(ask POST '/v1/sim/cut?uplink=lte&how=axe' | jq -r .error)" sim.how "and an unknown way of cutting, too"
ask POST '/v1/sim/restore?uplink=all' >/dev/null
within 5 small_works
ok $? "restored"
within 10 preferred_is adsl
ok $? "and the better line is preferred again"

# --- silence -----------------------------------------------------------------------------------------
ask POST '/v1/sim/cut?uplink=adsl&how=silent' >/dev/null
within 10 preferred_is lte
ok $? "a silent line is found out"
reason_is() { [ "$(reason_of adsl)" = "$1" ]; }
within 8 reason_is ISP
ok $? "and is the provider's"
small_works
ok $? "the other line carries on"
ask POST '/v1/sim/restore?uplink=adsl' >/dev/null
within 10 preferred_is adsl
ok $? "a line that speaks again is taken again"

# --- the hub's fault ---------------------------------------------------------------------------------
kill $nginx_pid
wait $nginx_pid 2>/dev/null
hub_limps() { [ "$(reason_of adsl)" = hub ]; }
within 5 hub_limps
ok $? "a hub that is down is the hub's fault"
is "$(ask GET /v1/uplinks | jq -r '[.uplinks[].state] | unique | join(" ")')" up "and no line is down for it"
start_hub
hub_is_back() { [ "$(reason_of adsl)" = "" ] && small_works; }
within 15 hub_is_back
ok $? "and its return is seen soon"

# --- the book ----------------------------------------------------------------------------------------
all_rows() {
	local after=0 page
	while page=$(ask GET "/v1/minutes?after=$after&limit=700") && [ "$(jq '.rows | length' <<<"$page")" -gt 0 ]; do
		jq -c '.rows[]' <<<"$page"
		after=$(jq .next <<<"$page")
	done
}
all_rows >"$work/before"
back=0
for _ in 1 2 3; do
	kill_daemon
	start_simulated
	within 5 preferred_is adsl && back=$((back + 1))
done
is $back 3 "killed three times: it comes back"
all_rows >"$work/after"
cmp -s "$work/before" <(head -n "$(wc -l <"$work/before")" "$work/after")
ok $? "rows that were given out are the same"
is "$(jq -s '[.[] | select(.up_s + .down_s + .unpowered_s + .unknown_s != 60)] | length' "$work/after")" 0 "each has 60 seconds"
is "$(jq -s '[range(length) as $i | .[$i].cursor - $i] | unique | length' "$work/after")" 1 "cursors have no gap"
used=$(bytes_of adsl)
stop_daemon
start_simulated
within 5 preferred_is adsl
is "$(bytes_of adsl | awk -v u="$used" '{print ($1 >= u && $1 < u + 100000)}')" 1 "bytes are kept over a regular end"
kill_daemon
rm -rf "$work/root/run" # a power cut, for a simulated machine
start_simulated
within 5 preferred_is adsl
is "$(ask GET '/v1/events?limit=1000' | jq -r '.rows | map(select(.kind == "power.return")) | length')" 1 "a power cut is told from a kill"
is "$(ask GET /v1/status | jq .boots)" 2 "and counted as a boot"
is "$(bytes_of adsl | awk -v u="$used" '{print ($1 >= u)}')" 1 "no byte of the quota is forgotten"

WASL_ROOT=$work/root "$B/bin/wasl-netmgrd-sim" 2>"$work/second.err"
[ $? -eq 1 ] && grep -q "running already as process $daemon" "$work/second.err"
ok $? "a second instance is refused"

# --- a quota -----------------------------------------------------------------------------------------
used=$(ask GET /v1/uplinks | jq -r '.uplinks[] | select(.name == "adsl") | .rx_bytes + .tx_bytes')
stop_daemon
plan_of() { # plan_of PERCENT: such a quota that so much of it is used
	configure refuse 600
	sed -i "s/^sim_rate_kbps = 16000/&\nquota = $((used * 100 / $1))\nprice_per_gb = 15000\ncurrency = MRU/" "$work/root/etc/wasl/profile.conf"
	start_simulated
	within 10 preferred_is adsl
}
said_of() { ask GET /v1/uplinks | jq -r '.uplinks[] | select(.name == "adsl") | "\(.quota_level) \(.sync) \(.currency)"'; }
said() { [ "$(said_of)" = "$1" ]; }
events_of() { ask GET '/v1/events?limit=1000' | jq -r '[.rows[] | select(.kind == "uplink.quota") | .reason] | join(" ")'; }
heard() { [ "$(events_of)" = "$1" ]; }
plan_of 90
within 10 said "low go MRU" && within 10 heard low
ok $? "nine tenths of a quota are said to be used"
stop_daemon
plan_of 98
within 10 said "hold quota MRU" && within 10 heard "low hold"
ok $? "what is left then is not for lessons that nobody waits for"

# --- a line that hangs -------------------------------------------------------------------------------
stop_daemon
configure hang 600
start_simulated
both_up() { [ "$(ask GET /v1/uplinks | jq -r '[.uplinks[].state] | unique | join(" ")')" = up ]; }
within 5 both_up
ask POST '/v1/sim/cut?uplink=all' >/dev/null
curl -s --max-time 0.4 "http://127.0.0.1:$gate/small"
is $? 28 "when_cut = hang: a connection just hangs"
within 5 preferred_is lte
ok $? "bytes that leave and never return give the line away, long before the next question"
curl -s --max-time 1 "http://127.0.0.1:$gate/small"
within 10 preferred_is null
ok $? "and the other line too"
ask POST '/v1/sim/restore?uplink=all' >/dev/null
within 10 small_works
ok $? "restored"

# --- what goes wrong at the start --------------------------------------------------------------------
stop_daemon
sed -i "s/^listen = .*/listen = 127.0.0.1:$hub/" "$work/root/etc/wasl/profile.conf"
WASL_ROOT=$work/root "$B/bin/wasl-netmgrd-sim" 2>"$work/port.err"
[ $? -eq 1 ] && grep -q "127.0.0.1:$hub.*choose another" "$work/port.err"
ok $? "a port in use is named"
finish
