#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # many functions are only called by "within"
# The hub's echo: a real wasl-ndtd and a real wasl-netmgrd-sim with the key of a grant, with none, and with a wrong one.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/net/lib.sh
. tests/net/lib.sh
need nginx curl jq python3
hub=$(free_port)
mkdir -p "$work/root/etc/wasl"
start_nginx - nginx <<END
server { listen 127.0.0.1:$hub; $answers_check }
END

# --- the hub's end -----------------------------------------------------------------------------------
start_ndtd
ok $? "the hub's end is there"
port=$(ndtd .port)

device=00112233445566778899aabbccddeeff
key=$(key_of $device)

# --- the box's end -----------------------------------------------------------------------------------
cat >"$work/root/etc/wasl/profile.conf" <<-END
	[net]
	hub_every_s = 1
	echo_every_s = 1
	echo_port = $port
	retry_s = 1
	hold_s = 1
	[gate]
	listen = 127.0.0.1:$(free_port)
	target = 127.0.0.1:$hub
	[uplink adsl]
	kind = dsl
END
line() { ask GET /v1/uplinks | jq -r ".uplinks[0] | [.$1] | join(\" \")"; }
line_is() { [ "$(line "$1")" = "$2" ]; }
answered_more() { [ "$(ndtd .answered)" -gt "$1" ]; }

start_simulated
within 60 line_is state up
ok $? "without a key the line is up by the hub's check alone"
is "$(line hub_echo) $(ndtd '.answered + .without_key + .no_question')" "false 0" "and the echo is not asked"
is "$(give_key $device "${key}0")" 400 "a key that is none is refused"
wrong=$(printf '%064d' 7)
is "$(give_key $device "$wrong")" 200 "a wrong key is taken: only the hub can tell"
tried() { [ "$(ndtd .without_key)" -ge 2 ]; }
within 60 tried
ok $? "the hub is silent, and is tried again"
is "$(line 'state, .reason, .hub_echo') $(ndtd .answered)" "up  false 0" "and nothing is held against the line"
is "$(give_key $device "$key")" 200 "the key of the grant"
within 60 line_is hub_echo true
ok $? "the hub's echo is asked from its first answer on"
before=$(ndtd .answered)
within 60 answered_more $((before + 1))
ok $? "again and again"
explained() { WASL_ROOT=$work/root "$B/bin/wasl" --lang en net "$1" >"$work/explained" 2>&1; }
explained explain
like "$work/explained" "New connections take the line adsl\. It is the only line\. The ministry.s hub answers through it\." "wasl net explain says so"
WASL_ROOT=$work/root "$B/bin/wasl" --lang en net watch >"$work/watched" 2>&1 &
watch=$!
children+=("$watch")
within 60 grep -q 'The ministry.s hub answers' "$work/watched"
ok $? "wasl net watch says it, too"
ask POST '/v1/sim/cut?uplink=adsl' >/dev/null
within 60 grep -q 'No line carries new connections now\. Line adsl: down, reason: cable' "$work/watched"
ok $? "and what it is after the cable was pulled"
is "$(grep -c . "$work/watched")" "$(sort -u "$work/watched" | grep -c .)" "each once"
ask POST '/v1/sim/restore?uplink=adsl' >/dev/null
kill "$watch"
explained status
like "$work/explained" "adsl" "wasl net status lists the lines"
is "$(stat -c %a "$work/root/var/lib/wasl/netmgr/echo.key")" 600 "the key is kept, for the daemon alone"
kill_daemon
before=$(ndtd .answered)
start_simulated
within 60 line_is hub_echo true
ok $? "and known to the next one, without anybody telling it"
within 60 answered_more $((before + 1))
ok $? "which asks, too"
finish
