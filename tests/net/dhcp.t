#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # many functions are only called by "within"
# wasl-netmgrd with a line whose address, router and resolver come by DHCP, and a hub that is a name. The provider (DHCP,
# DNS, hub) and a pupil live in network namespaces made here.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/net/lib.sh
. tests/net/lib.sh

[ "$(id -u)" -eq 0 ] || skip_all "needs root for network namespaces"
need ip nft nginx curl jq busybox
make_namespaces box isp pupil
need_nat box

# --- the provider ------------------------------------------------------------------------------------
plug_in() { lay_line 0 isp 10.77.0.1; }
plug_in
in_ns box ip link set lo up
# A classroom that begins with the provider's very network, the box where the provider's router is.
ip link add lan0 netns "$(ns box)" type veth peer name eth0 netns "$(ns pupil)"
in_ns pupil ip link set eth0 up
in_ns box sysctl -qw net.ipv4.conf.lan0.rp_filter=1
cat >"$work/udhcpd.conf" <<-END
	start 10.77.0.50
	end 10.77.0.60
	interface line0
	lease_file $work/leases
	pidfile $work/udhcpd.pid
	option subnet 255.255.255.0
	option router 10.77.0.1
	option dns 10.77.0.1
	option lease 600
END
touch "$work/leases"
start_nginx isp isp <<-END
	server {
		listen 10.77.0.1:80;
		$answers_check
	}
	server {
		listen 10.77.0.1:81;
		location / { return 302 "http://login.example/"; }
	}
END
udhcpd=
start_udhcpd() {
	in_background isp udhcpd busybox udhcpd -f "$work/udhcpd.conf"
	udhcpd=$started
}
start_udhcpd
dnsd=
start_dnsd() {
	in_background isp dnsd "$B/tests/dns-fake" 10.77.0.1 hub.example 10.77.0.1
	dnsd=$started
}
start_dnsd

# --- the box -----------------------------------------------------------------------------------------
mkdir -p "$work/root/etc/wasl"
configure() { # configure PORT [LINES]
	cat >"$work/root/etc/wasl/profile.conf" <<-END
		[net]
		check_url = http://hub.example:$1/v1/check/
		dhcp_hook = $PWD/netmgr/kernel/udhcpc-hook
		resolver_every_s = 1
		hub_every_s = 1
		retry_s = 1
		far_a =
		far_b =
		hold_s = 1
		leave = remove
		[uplink fibre]
		kind = fibre
		device = wan0
		[lan classroom]
		device = lan0
		networks = 10.77.0.1/24 10.78.0.1/24
		${2:-}
	END
}
line() { ask GET /v1/uplinks | jq -r '.uplinks[0] | "\(.state) \(.reason)"'; }
line_is() { [ "$(line)" = "$1" ]; }
clients() { pgrep -c -f "udhcpc -f .* -i wan0 -s $PWD/netmgr/kernel/udhcpc-hook" || true; }
clients_are() { [ "$(clients)" = "$1" ]; }

configure 80 $'[zone classroom]\ndevice = lan0'
start_daemon
within 20 line_is "up "
ok $? "a lease is taken and the line comes up"
echo "# from nothing to up: $took ms"
is "$(in_ns box ip -4 -o addr show dev wan0 | grep -c 'inet 10\.77\.0\.[56][0-9]/24')" 1 "the address is there"
is "$(in_ns box ip -4 route show table main | grep -v lan0)" "" "and no route in the main table"
is "$(in_ns box ip -4 route show table 100 default | grep -c 'via 10.77.0.1')" 1 "the router is in the line's table"

within 5 grep -q . "$work/root/run/wasl/netmgr/resolv.conf"
is "$(cat "$work/root/run/wasl/netmgr/resolv.conf")" "nameserver 10.77.0.1" "the box's own resolver learns the line's DNS server"

# --- the classroom had the same network ---------------------------------------------------------------
lan() { ask GET /v1/status | jq -r ".lans[0] | $1"; }
lan_on_device() { in_ns box ip -4 -o addr show dev lan0 | awk '{ printf "%s ", $4 }'; }
lan_events() { ask GET '/v1/events?limit=1000' | jq -r '[.rows[] | select(.kind == "lan.moved") | "\(.subject) \(.reason)"] | join(", ")'; }
lan_on_device_is() { [ "$(lan_on_device)" = "$1" ]; }
within 5 lan_on_device_is "10.78.0.1/24 "
is "$(lan_on_device)" "10.78.0.1/24 " "a classroom with the provider's network has moved to the next one"
is "$(lan '"\(.name) \(.address) \(.network) \(.here) \(.moved.from) \(.moved.uplink)"')" \
	"classroom 10.78.0.1/24 10.78.0.0/24 true 10.77.0.0/24 fibre" "the status names the network, and why it moved"
events_are() { [ "$(lan_events)" = "$1" ]; }
within 5 events_are "classroom 10.78.0.0/24"
ok $? "and the book has the move"
is "$(WASL_ROOT=$work/root "$B/bin/wasl" --lang en net explain | grep -c 'classroom moved from 10.77.0.0/24 to 10.78.0.0/24, as the line fibre')" 1 \
	"'wasl net explain' says it in a sentence"
lan_filters() { in_ns box cat /proc/sys/net/ipv4/conf/lan0/rp_filter /proc/sys/net/ipv4/conf/lan0/arp_ignore | paste -sd ' '; }
is "$(lan_filters)" "1 1" "its device speaks of its own address only, and believes pupils no more than before"
in_ns pupil ip addr add 10.78.0.9/24 dev eth0
in_ns pupil busybox ping -c 1 -W 5 10.78.0.1 >/dev/null
ok $? "a pupil in it reaches the box"
is "$(in_ns box nft list table inet wasl_wall | grep -o '10\.7[78]\.0\.' | sort -u)" "10.78.0." "as the wall knows the network that it has now"

kill -9 "$dnsd"
wait "$dnsd" 2>/dev/null
within 10 line_is "up resolver"
ok $? "a resolver that dies is named, and the line stays up"
start_dnsd
within 10 line_is "up "
ok $? "and its return is seen"

address=$(in_ns box ip -4 -o addr show dev wan0)
kill_daemon
within 5 clients_are 0
ok $? "the DHCP client dies with a killed daemon"
in_ns box ip addr add 10.77.0.1/24 dev lan0 # as if it had been killed between its note of the move and the move
start_daemon
within 3 line_is "up "
ok $? "a restart takes the lease up at once"
echo "# restart to up: $took ms"
is "$(in_ns box ip -4 -o addr show dev wan0)" "$address" "the address stayed"
is "$(lan_on_device)$(lan_events)" "10.78.0.1/24 classroom 10.78.0.0/24" "the classroom stays where it moved to, and what a killed daemon left is taken off"
within 3 clients_are 1
ok $? "with one DHCP client"

# Out and in again before anybody looks: another device of the same name.
kill -STOP "$daemon"
kill -9 "$udhcpd"
wait "$udhcpd" 2>/dev/null
in_ns box ip link del wan0
plug_in
start_udhcpd
kill -CONT "$daemon"
has_address() { in_ns box ip -4 -o addr show dev wan0 | grep -q 'inet 10\.77\.0\.'; }
within 20 has_address && within 20 line_is "up "
ok $? "a modem that was plugged in anew is given an address"
echo "# plugged in to up: $took ms"
within 3 clients_are 1
ok $? "by one DHCP client"

stop_daemon
ok $? "a regular end"
within 3 clients_are 0
ok $? "ends the client"
is "$(in_ns box ip -4 addr show scope global | grep -c inet)" 0 "leave = remove takes the address away"

configure 81
start_daemon
within 20 line_is "portal portal"
ok $? "a login page is told from the hub"

# --- one port: pupils and router on the same wire, and no Internet behind it ---------------------------
ip netns exec "$(ns box)" busybox httpd -f -p 8088 -h "$work" &
children+=($!)
is "$(ask GET /v1/uplinks | jq -r .preferred)" null "there is no line to the Internet"
# Looked up each time: the device is a new one, and its client may still be given another address than the old lease's.
box_address() { in_ns box ip -4 -o addr show dev wan0 | sed -n 's|.* inet \([0-9.]*\)/.*|\1|p'; }
page_is_there() { in_ns isp curl -sf --max-time 1 "http://$(box_address):8088/isp.conf" -o "$work/page" && cmp -s "$work/page" "$work/isp.conf"; }
within 5 page_is_there
ok $? "whoever is on the same wire still reads the box's pages"
box_answers() { in_ns isp busybox ping -c 1 -W 1 "$(box_address)" >"$work/ping.out" 2>&1; }
within 5 box_answers
ok $? "and is answered when it asks"
finish
