#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # many functions are only called by "within"
# A box that was just switched on has nothing but its board's profile: its wall stands, with one port, too, and it knows who is who.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/net/lib.sh
. tests/net/lib.sh
[ "$(id -u)" -eq 0 ] || skip_all "needs root for network namespaces"
need ip nft curl jq
make_namespaces pc pi vm arm one
need_nat pc

daemons=()
fresh_box() { # fresh_box NAME PROFILE DEVICE…: with these sockets, and the uplink manager
	local name=$1 profile=$2 device
	shift 2
	in_ns "$name" ip link set lo up
	for device; do in_ns "$name" ip link add "$device" type veth peer name "far-$device" && in_ns "$name" ip link set "far-$device" up; done
	mkdir -p "$work/$name/root/etc/wasl" "$work/$name/root/var/lib/wasl/conf"
	cp "board/profiles/$profile.conf" "$work/$name/root/etc/wasl/profile.conf"
	[ ! -f "$work/$name.site" ] || cp "$work/$name.site" "$work/$name/root/var/lib/wasl/conf/site.conf"
	in_background "$name" "$name" env WASL_ROOT="$work/$name/root" "$B/bin/wasl-netmgrd"
	daemons+=("$started")
}
zones() { # zones NAME: each as its kind, its device, what it reaches, and whether it has a network
	(cd "$work/$1" && curl -s --max-time 5 --unix-socket root/run/wasl/netmgrd.sock http://x/v1/uplinks) |
		jq -r '.wall | "\(.standing): " + ([.zones[] | "\(.kind) \(.device) \(.reach)\(if .address == "" then " nowhere" else "" end)"] | join(", "))'
}
zones_are() { [ "$(zones "$1")" = "$2" ]; }
has() { # has NAME WORDS WHAT
	within 20 zones_are "$1" "$2"
	is "$(zones "$1")" "$2" "$3"
}
# What a technician writes on a box with one port, behind the school's own router.
cat >"$work/one.site" <<-END
	[zone classroom]
	device = eth0
	[uplink wan]
	address = 192.168.1.7/24
	gateway = 192.168.1.1
END
fresh_box pc generic-x86_64 eth0 eth1 eth2 eth3
fresh_box pi raspberry-pi-4 eth0 wlan0
fresh_box vm qemu-x86_64 eth0 eth1
fresh_box arm qemu-arm64 eth0 eth1
fresh_box one generic-x86_64 eth0
has pc "true: classroom eth1 box, staff eth2 internet, management eth3 all" "a mini-PC has a wall, and a network for everybody"
has pi "true: classroom wlan0 box, staff br-staff internet nowhere, management eth1 all nowhere" "a Raspberry Pi, where only the classroom is there from the beginning"
has vm "true: classroom eth1 box, staff eth2 internet nowhere, management eth3 all nowhere" "a virtual machine"
has arm "true: classroom eth1 box, staff eth2 internet nowhere, management eth3 all nowhere" "on ARM, too"
has one "true: classroom eth0 box, staff eth2 internet nowhere, management eth3 all nowhere" "a box with one port"
input() { in_ns "$1" nft list chain inet wasl_wall input | sed 's/^[[:space:]]*//'; }
is "$(input pc | grep -c 'policy drop'), $(input pc | grep -c 'iifname "eth0" .*serve'), $(input pc | grep -c 'iifname "eth1" jump serve')" "1, 0, 1" \
	"whoever is on the provider's wire gets no page, a pupil does"
is "$(input one | grep 'iifname "eth0".*jump serve')" 'iifname "eth0" ip saddr 192.168.1.0/24 jump serve' "but on the only wire its own network does"
is "$(input one | grep -c 'dport 22 accept'), $(input pc | grep 'dport 22 accept')" '0, iifname "eth3" tcp dport 22 accept' "the management's door is where the management is"
told() { sed -n 's/^interface=//p' "$work/$1/root/run/wasl/netmgr/dnsmasq.conf" | paste -sd' '; }
is "$(told pc), $(told one)" "eth1 eth2 eth3, eth0" "names are given where somebody is"
is "$(grep -c '^dhcp-range' "$work/one/root/run/wasl/netmgr/dnsmasq.conf")" 0 "and no addresses beside the router's"
for pid in "${daemons[@]}"; do kill -TERM "$pid" && wait "$pid"; done
finish
