#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # many functions are only called by "within" and "until_so"
# Modems: wasl-netmgrd and a program in ModemManager's place, on a bus of their own. First with simulated lines, as anybody; then,
# as root, on the real kernel with a veth as the modem's network device. The long form refuses it in every way and climbs the ladder.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/net/lib.sh
. tests/net/lib.sh
need curl jq dbus-daemon nginx

# --- a bus and a manager of modems -----------------------------------------------------------------------
cat >"$work/bus.conf" <<-END
	<busconfig>
		<type>system</type>
		<listen>unix:path=$work/bus</listen>
		<auth>EXTERNAL</auth>
		<policy context="default">
			<allow user="*"/>
			<allow own="*"/>
			<allow send_destination="*" eavesdrop="true"/>
			<allow eavesdrop="true"/>
		</policy>
	</busconfig>
END
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$work/bus
dbus-daemon --config-file="$work/bus.conf" --nofork --nopidfile >>"$work/bus.log" 2>&1 &
children+=($!)
until_so 10 test -S "$work/bus"

calls=$work/calls
mkfifo "$work/orders"
start_manager() {
	"$B/tests/modem-fake" <"$work/orders" >>"$calls" 2>>"$work/manager.log" &
	children+=($!)
	exec 7>"$work/orders"
	until_so 10 grep -q '^ready' "$calls"
}
tell() { printf '%s\n' "$@" >&7; }
called() { grep -c "^$1" "$calls" || true; }
called_are() { [ "$(called "$1")" = "$2" ]; }
called_over() { [ "$(called "$1")" -gt "$2" ]; }
# The modem's state and reason
modem() { ask GET /v1/uplinks | jq -r '.uplinks[] | select(.name == "lte") | .modem | "\(.state) \(.reason)"'; }
modem_is() { [ "$(modem)" = "$1" ]; }
modem_is_not() { # no answer tells nothing
	local now
	now=$(modem)
	[ -n "$now" ] && [ "$now" != "$1" ]
}
steps_are() { [ "$(of_modem .steps_hour)" = "$1" ]; }
of_modem() { ask GET /v1/uplinks | jq -r ".uplinks[] | select(.name == \"lte\") | .modem$1"; }
line() { ask GET /v1/uplinks | jq -r '.uplinks[] | select(.name == "lte") | .state'; }
line_is() { [ "$(line)" = "$1" ]; }
becomes() { # becomes STATE_AND_REASON NAME
	until_so 20 modem_is "$1"
	ok $? "$2"
}

mkdir -p "$work/root/etc/wasl"

hub=$(free_port) gate=$(free_port)
start_nginx - nginx <<END
server { listen 127.0.0.1:$hub; $answers_check }
END
cat >"$work/operators.xml" <<-END
	<serviceproviders format="2.0"><country code="tn"><provider><name>Zitouna</name><gsm>
	<network-id mcc="605" mnc="02"/>
	<apn value="mms.example"><usage type="mms"/></apn>
	<apn value="old.example"><usage type="internet"/><username>u1</username></apn>
	<apn value="web.example"><usage type="internet"/></apn>
	</gsm></provider></country></serviceproviders>
END
configure() { # configure LINE...: of the uplink
	{
		cat <<-END
			[net]
			check_url = http://127.0.0.1:$hub/v1/check/
			hub_every_s = 1
			metered_hub_every_s = 1
			retry_s = 1
			hold_s = 1
			operators = $work/operators.xml
			[gate]
			listen = 127.0.0.1:$gate
			target = 127.0.0.1:$hub
			[uplink lte]
			kind = mobile
			metered = no
			modem_patience_s = 1
		END
		printf '%s\n' "$@"
	} >"$work/root/etc/wasl/profile.conf"
}

# --- nobody manages modems yet ----------------------------------------------------------------------------
configure "modem = yes" "pin_file = /etc/wasl/lte.pin"
start_simulated
becomes "absent no_manager" "without ModemManager the modem is absent, and that is why"
is "$(line)" absent "and so is its line"
start_manager
becomes "absent no_modem" "there is one now, without a modem"

# --- a PIN ------------------------------------------------------------------------------------------------
tell "pin 48151623 3" "bearer wwan0 dhcp" "plug 1 1-1.2"
becomes "locked pin_wanted" "a SIM that wants a PIN, and none is set"
echo 1234 >"$work/root/etc/wasl/lte.pin"
chmod 600 "$work/root/etc/wasl/lte.pin"
tell "net home"
becomes "locked pin_wrong" "a wrong PIN is said"
kill_daemon
start_simulated
becomes "locked pin_wrong" "a daemon that was killed remembers"
tell "net none" "net home"
never 1 called_over SendPin 1
ok $? "and it was asked for once"
echo 48151623 >"$work/root/etc/wasl/lte.pin"
tell "net home"
becomes "locked pin_spared" "another PIN is not tried either: the SIM has two tries left, and keeps them"
is "$(called SendPin)" 1 "it was not asked for"
tell "pin 48151623 3"
becomes "connected " "with three tries left the right PIN unlocks it, and it connects"
is "$(called SendPin)" 2 "for one more try"
until_so 20 line_is up
ok $? "the line is up"

# --- what people see, and what nobody does -----------------------------------------------------------------
shown() { of_modem '| "\(.operator) \(.technology) \(.signal) \(.bars)"'; }
shown_are() { [ "$(shown)" = "$1" ]; }
until_so 20 shown_are "Zitouna 4G 61 3"
is "$(shown)" "Zitouna 4G 61 3" "operator, technology and signal are told"
is "$(grep -m 1 '^Connect' "$calls")" "Connect apn=old.example user=u1" "the access point name is the operator's, by the list"

if [ -n "${WASL_LONG:-}" ]; then
# --- another access point name -----------------------------------------------------------------------------
tell "apn web.example" drop
until_so 20 grep -q '^Connect apn=web.example' "$calls"
becomes "connected " "a name that the operator does not know: the next one of the list is tried"
is "$(of_modem .apn)" web.example "and told"
tell "apn -"

# --- refusals ------------------------------------------------------------------------------------------------
refused() { # refused ERROR REASON WORDS
	tell "refuse org.freedesktop.ModemManager1.Error.$1" drop
	until_so 20 reason_is "$2"
	ok $? "$3"
}
reason_is() { [ "$(of_modem .reason)" = "$1" ]; }
refused MobileEquipment.GprsServiceOptionNotSubscribed credit "no credit"
tell "refuse -"
refused MobileEquipment.UserAuthenticationFailed login "a wrong password for the access point"
tell "refuse -" "net denied" unplug "plug 8 1-1.4"
becomes "searching denied" "a network that does not let it in"
tell "net roaming"
becomes "registered roams" "a foreign operator is not paid unless that is set"
tell "net home"
becomes "connected " "home again"
tell "sim no"
becomes "failed no_sim" "without a SIM"
tell "sim yes"
becomes "connected " "and with it again"

# --- the ladder --------------------------------------------------------------------------------------------
resets=$(called Reset)
ask POST "/v1/sim/cut?uplink=lte&how=silent" >/dev/null
until_so 60 called_over Reset "$resets"
ok $? "connected, and no byte comes back: it is reset in the end"
is "$(ask GET "/v1/events?limit=1000" | jq -r '[.rows[] | select(.kind | startswith("modem.")) | .kind][-3:] | join(" ")')" \
	"modem.reconnect modem.restart modem.reset" "after it was reconnected and switched off and on; the book has each step"
until_so 60 steps_are 4
ok $? "four steps an hour"
becomes "connected silent" "then it stays silent, and that is said"
resets=$(called Reset)
kill_daemon
start_simulated
becomes "connected " "a daemon that was killed takes the connection over"
ask POST "/v1/sim/cut?uplink=lte&how=silent" >/dev/null
becomes "connected silent" "it is as silent as before"
never 3 called_over Reset "$resets"
ok $? "and no fifth step is taken within the hour, whoever was killed"
is "$(of_modem .steps_hour)" 4 "it remembers them"
ask POST "/v1/sim/restore?uplink=lte" >/dev/null
becomes "connected " "when bytes come back it is well"

fi
# --- plugged in elsewhere ---
tell unplug
becomes "absent no_modem" "it was unplugged"
until_so 20 line_is absent
ok $? "and so is its line"
tell "plug 7 1-1.4"
becomes "connected " "plugged in elsewhere, under another number, it connects again"

# --- ModemManager itself --------------------------------------------------------------------------------------
tell leave
becomes "absent no_manager" "ModemManager ends"
tell join
becomes "connected " "and comes back: the modem is connected anew"
kinds=(shape types)
[ -z "${WASL_LONG:-}" ] || kinds+=(many long)
for kind in "${kinds[@]}"; do
	tell "hostile $kind"
	until_so 20 modem_is_not "connected "
	ok $? "an answer with other $kind is not taken for a modem that is connected"
	tell "hostile -"
	becomes "connected " "and an honest one is"
done
kill -0 "$daemon"
ok $? "the daemon lives"
stop_daemon

# --- nobody's numbers -------------------------------------------------------------------------------------------
is "$(grep -rlaE '356938035643809|605029876543210|98765432|48151623' "$work/root/var" "$work/root/run" "$work/netmgrd.log")" "" \
	"numbers of modem, SIM and telephone, and the PIN, are nowhere: not in files, not in the log"
# --- on the real kernel ------------------------------------------------------------------------------------------
# As root alone: a veth is the modem's network device, the provider is a namespace.
real="a modem on the real kernel"
if [ "$(id -u)" -ne 0 ]; then
	skip "$real" "needs root for network namespaces"
	finish
fi
need ip nft
make_namespaces box isp
need_nat box
in_ns box ip link set lo up
plug_line() { # plug_line DEVICE
	ip link add "$1" netns "$(ns box)" type veth peer name line0 netns "$(ns isp)"
	in_ns isp ip addr add 10.77.0.1/24 dev line0
	in_ns isp ip link set line0 up
}
in_ns isp ip link set lo up
plug_line wwan7
start_nginx isp hub <<END
server { listen 80; $answers_check }
END
rm -rf "$work/root/var" "$work/root/run"
{
	cat <<-END
		[net]
		check_url = http://10.77.0.1/v1/check/
		hub_every_s = 1
		retry_s = 1
		hold_s = 1
		far_a =
		far_b =
		leave = remove
		[uplink lte]
		kind = mobile
		metered = no
		modem = 1-1.4
		apn = school.example
		modem_patience_s = 1
	END
} >"$work/root/etc/wasl/profile.conf"
on_line() { in_ns box ip -4 -o addr show dev "$1" 2>/dev/null | grep -q "inet $2"; }
tell unplug "bearer wwan7 10.77.0.9 24 10.77.0.1 10.77.0.1" "plug 9 1-1.4"
start_daemon
until_so 20 on_line wwan7 10.77.0.9/24
ok $? "the bearer's address is put on its device"
until_so 20 line_is up
ok $? "and the line comes up over it"
is "$(in_ns box ip -4 route show table 100 default | grep -c 'via 10.77.0.1 dev wwan7')" 1 "its router is in the line's table"
is "$(cat "$work/root/run/wasl/netmgr/resolv.conf")" "nameserver 10.77.0.1" "its resolver is the box's"
like "$calls" '^Connect apn=school.example' "the access point name is that of the settings"
connects=$(called Connect)
kill_daemon
start_daemon
until_so 20 line_is up
ok $? "a daemon that was killed takes the line over"
is "$(called Connect)" "$connects" "and the connection, as it is"
in_ns box ip link del wwan7
plug_line wwan8
tell unplug
until_so 20 line_is absent
ok $? "unplugged, the line is absent"
tell "bearer wwan8 10.77.0.10 24 10.77.0.1 10.77.0.1" "plug 10 1-1.4"
until_so 20 line_is up
ok $? "plugged in anew, with a device of another name and another address, it is the same line"
on_line wwan8 10.77.0.10/24
ok $? "and has the new address"
connects=$(called Connect)
tell drop
until_so 20 called_over Connect "$connects"
ok $? "a connection that the network ended is made anew"
until_so 20 line_is up
ok $? "and the line with it"
before=$(called Disconnect)
in_ns isp ip link set line0 down
in_ns isp ip link set line0 up
in_ns isp nft 'add table ip mute { chain in { type filter hook prerouting priority -300; drop; }; }'
until_so 60 called_over Disconnect "$before"
ok $? "connected, and no byte comes back: it is reconnected"
in_ns isp nft delete table ip mute
until_so 60 line_is up
ok $? "and carries again"
stop_daemon
is "$(in_ns box ip -4 -o addr show dev wwan8)" "" "at the end nothing of ours is on the device"
finish
