#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # many functions are only called by "until_so"
# IPv6 of wasl-netmgrd's lines: three providers whose routers announce themselves (dnsmasq), one of which has nothing else, a pupil
# who does so, too, and words of routers that a real one would not say. Everything happens in network namespaces made here.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/net/lib.sh
. tests/net/lib.sh

[ "$(id -u)" -eq 0 ] || skip_all "needs root for network namespaces"
need ip nft nginx curl jq busybox perl dnsmasq
[ -e /proc/net/if_inet6 ] || skip_all "this kernel has no IPv6"
make_namespaces box isp0 isp1 isp2 pupil
need_nat box

# --- three providers -----------------------------------------------------------------------------------
hub=203.0.113.10 hub6=2001:db8:ff::10
dnsmasq_at() { # dnsmasq_at NUMBER NAME OPTION…
	local line=line$1 name=$2$1 where=isp$1
	shift 2
	in_background "$where" "$name" dnsmasq -k --conf-file=/dev/null --user=root --pid-file= --log-facility=- --no-resolv --no-hosts \
		--interface="$line" --bind-interfaces --dhcp-leasefile="$work/leases-$name" "$@"
}
names() { dnsmasq_at "$1" names --address="/hub.example/$hub" --address="/hub.example/$hub6"; } # names NUMBER: its name server
announce() { # announce NUMBER: its router speaks
	dnsmasq_at "$1" router --port=0 --enable-ra --dhcp-range="2001:db8:$1::,ra-only,64,1h" --ra-param="line$1,4,1800" \
		--dhcp-option="option6:dns-server,[2001:db8:$1::1]"
	announcer[$1]=$started
}
announcer=()
for i in 0 1 2; do
	lay_line $i isp$i 192.168.1.1
	never_resets isp$i
	in_ns isp$i nft 'add table ip6 quiet { chain out { type filter hook output priority 0; tcp flags & rst == rst drop; }; }'
	for far in $hub 203.0.113.20 203.0.113.30; do in_ns isp$i ip addr add "$far/32" dev lo; done
	in_ns isp$i ip -6 addr add $hub6/128 dev lo nodad
	in_ns isp$i ip -6 addr add 2001:db8:$i::1/64 dev line$i nodad
	start_nginx isp$i isp$i <<-END
		server {
			listen $hub:80;
			listen [$hub6]:80;
			$answers_check
			location = /who { return 200 "isp$i\n"; }
			location /slow { limit_rate 40k; }
			location /stream { limit_rate 80k; }
		}
	END
	head -c 200000 /dev/zero | tr '\0' "$i" >"$work/www-isp$i/slow"
	truncate -s 4000000 "$work/www-isp$i/stream"
	names $i
	announce $i
done
in_ns isp2 ip -4 addr flush dev line2
in_ns box ip link set lo up
seat_pupil
in_ns box sysctl -qw net.ipv6.conf.all.forwarding=1

# say NAMESPACE DEVICE HOPS ROUTER-SECONDS MTU [PREFIX VALID PREFERRED]: one advertisement to everybody on the wire
cat >"$work/say.pl" <<-'END'
	use Socket qw(:all);
	my ($device, $hops, $router, $mtu, $prefix, $valid, $preferred) = @ARGV;
	open my $f, "<", "/sys/class/net/$device/ifindex" or die; my $index = <$f>;
	my $ra = pack("CCnCCnNN", 134, 0, 0, 64, 0, $router, 0, 0);
	$ra .= pack("CCnN", 5, 1, 0, $mtu) if $mtu;
	$ra .= pack("CCCCNNN", 3, 4, 64, 0xc0, $valid, $preferred, 0) . inet_pton(AF_INET6, $prefix) if $prefix;
	socket(my $s, AF_INET6, SOCK_RAW, 58) or die $!;
	setsockopt($s, 41, 18, pack("i", $hops)) or die $!;
	send($s, $ra, 0, pack_sockaddr_in6(0, inet_pton(AF_INET6, "ff02::1"), $index + 0)) or die $!;
END
say() {
	local where=$1
	shift
	in_ns "$where" perl "$work/say.pl" "$@"
}

mkdir -p "$work/root/etc/wasl"
configure() { # configure LEAVE [LINE]: of the fibre's
	cat >"$work/root/etc/wasl/profile.conf" <<-END
		$(two_lines "$1" "check_url = http://hub.example/v1/check/
			check_name = hub.example
			resolver_every_s = 1
			dhcp_hook = $PWD/netmgr/kernel/udhcpc-hook" "${2:-}")
		[uplink six]
		kind = other
		device = wan2
		address = dhcp
		preference = 30
		[zone classroom]
		device = lan0
	END
}
preferred_is() { [ "$(ask GET /v1/uplinks | jq -r '.preferred')" = "$1" ]; }
who6() { in_ns box curl -6 -s --max-time 2 "http://[$hub6]/who" || true; }
who6_is() { [ "$(who6)" = "$1" ]; }
addresses() { in_ns box ip -6 -o addr show dev "$1" scope global | awk '{ print $4 }' | sort; }
has_address() { addresses "$1" | grep -q "^$2"; } # has_address DEVICE BEGINNING
six_routes() { in_ns box ip -6 route show table "$1"; }

# --- up ----------------------------------------------------------------------------------------------
configure keep
start_daemon
until_so 20 preferred_is fibre && until_so 20 who6_is isp0
ok $? "a router announces itself: IPv6 takes the preferred line"
until_so 10 has_address wan1 2001:db8:1:
ok $? "the other line has an address, too"
is "$(addresses wan0 | grep -c '^2001:db8:0*0*:.*/64\|^2001:db8::.*/64')$(addresses wan0 | grep -c 'ff:fe')" 10 "an address of the box's own choice, without the device's number"
resolver_is() { [ "$(cat "$work/root/run/wasl/netmgr/resolv.conf")" = "nameserver $1" ]; }
until_so 10 resolver_is 2001:db8::1
ok $? "the line's resolver is the one that its router named"
servers_are() { [ "$(cat "$work/root/run/wasl/netmgr/dnsmasq.servers")" = "$1" ]; }
until_so 10 servers_are "server=2001:db8::1@wan0"
ok $? "and dnsmasq asks it over the line"
state_is() { [ "$(ask GET /v1/uplinks | jq -r ".uplinks[] | select(.name == \"$1\") | \"\(.state) \(.reason)\"")" = "$2" ]; }
ways_of() { six_routes "$1" | grep -q "^default via fe80:.* dev $2"; }
until_so 10 ways_of 100 wan0 && until_so 10 ways_of 200 wan0
ok $? "the router is in the line's table and leads what most traffic takes"
until_so 10 ways_of 101 wan1 && six_routes 101 | grep -q '^unreachable default'
ok $? "each line's table has its own, and ends in unreachable"
is "$(six_routes main | grep 'wan[01]' | grep -vc '^fe80::/64')" 0 "table main knows nothing of it"

# --- what the box brings over it tells how fast it is ----------------------------------------------------
# Whatever befalls the first connection of a line that has just come up, another one is tried.
in_background box stream curl -6 -sS --retry 20 --retry-all-errors --retry-delay 1 --max-time 40 -o /dev/null "http://[$hub6]/stream"
heard() { [ "$(ask GET /v1/uplinks | jq -r '.uplinks[0].passive.down_kbps // 0')" -ge 320 ]; }
until_so 15 heard
ok $? "a transfer over IPv6 tells of its line ($(ask GET /v1/uplinks | jq -r '.uplinks[0].passive.down_kbps') kbit/s)"
is "$(ask GET /v1/uplinks | jq -r '.uplinks[1].passive.down_kbps // 0')" 0 "and of no other one"
kill "$started"
wait "$started" 2>/dev/null

# --- what no router of this wire can have said ---------------------------------------------------------
say isp0 line0 64 1800 0 2001:db8:bad:: 3600 3600
say pupil eth0 255 1800 0 2001:db8:bad2:: 3600 3600
say isp0 line0 255 1800 1400 2001:db8:a:: 3600 3600 # and one that is true
until_so 10 has_address wan0 2001:db8:a:
ok $? "another prefix of the same router is taken"
is "$(in_ns box ip -6 addr show | grep -c 2001:db8:bad)$(in_ns box ip -6 route show table all | grep -c 2001:db8:bad)" 00 \
	"what came through another router, or from a pupil's wire, is not believed"
# Said again, as the provider's own router says something else every few seconds.
mtu_is() { six_routes "$1" | grep '^default via' | grep -q "mtu $2" || ! say isp0 line0 255 1800 "$2" 2001:db8:a:: 3600 3600; }
until_so 10 mtu_is 100 1400
ok $? "packets are as long as the wire carries"

if [ -z "${WASL_LONG:-}" ]; then
	skip "lines that fall, other lives of the daemon, meddling, routers that resign, prefixes that go" "make check-long"
	finish
fi

# --- a new prefix, and the old one goes -----------------------------------------------------------------
ready() { ! in_ns box ip -6 -o addr show dev wan0 tentative | grep -q "$1"; }
until_so 10 ready 2001:db8:a: && until_so 10 has_address wan2 2001:db8:2: && until_so 20 state_is six "up "
ok $? "a line that has IPv6 alone is up, by its router, its resolver and the hub's check over it"
say isp0 line0 255 1800 0 2001:db8:a:: 3600 0
deprecated() { in_ns box ip -6 -o addr show dev wan0 deprecated | grep -q 2001:db8:a:; }
until_so 10 deprecated
ok $? "a prefix that is given up begins nothing new"
is "$(who6)" isp0 "and the other one goes on"

# --- a line falls --------------------------------------------------------------------------------------
in_background box curl curl -6 -s --max-time 20 -o "$work/stuck" "http://[$hub6]/slow"
stuck=$started
until_so 5 test -s "$work/stuck" # it has begun
in_ns isp0 ip link set line0 down
until_so 10 who6_is isp1
ok $? "the cable is out: IPv6 moves with the line"
wait "$stuck" && released=finished || released=$?
[ "$released" != 28 ] && [ "$released" != finished ]
ok $? "a connection stuck on the dead line is reset"
until_so 5 servers_are "server=2001:db8:1::1@wan1"
ok $? "so do questions for names"
in_ns isp1 ip link set line1 down
until_so 10 preferred_is six && until_so 10 who6_is isp2
ok $? "the other is out, too: the one with IPv6 alone carries it"
in_ns box curl -4 -s --max-time 5 -o "$work/none" "http://$hub/who"
is "$?" 7 "and what wants IPv4 is told at once that there is none"
in_ns isp1 ip link set line1 up
in_ns isp1 ip -6 addr replace 2001:db8:1::1/64 dev line1 nodad
in_ns isp0 ip link set line0 up
in_ns isp0 ip -6 addr replace 2001:db8:0::1/64 dev line0 nodad
until_so 30 preferred_is fibre && until_so 10 who6_is isp0
ok $? "the cable is back: so is IPv6"

# --- another life of the daemon --------------------------------------------------------------------------
before=$(addresses wan0)
in_background box curl2 curl -6 -s --max-time 60 -o "$work/kept" "http://[$hub6]/slow"
kept=$started
until_so 5 test -s "$work/kept"
ip netns exec "$(ns box)" ip -6 monitor route address >"$work/monitor.out" 2>&1 &
monitor=$!
children+=("$monitor")
kill_daemon
is "$(who6)" isp0 "killed: IPv6 goes on"
start_daemon
until_so 20 preferred_is fibre
ok $? "started again"
wait "$kept"
is "$?$(stat -c %s "$work/kept")" 0200000 "a download that began before has lost nothing"
is "$(addresses wan0)" "$before" "the addresses are the same"
kill "$monitor"
is "$(grep -c '^Deleted.*\(table 10\|scope global\)' "$work/monitor.out")" 0 "and neither they nor the ways of those who began before were taken away in between"

# --- somebody meddles --------------------------------------------------------------------------------
in_ns box ip -6 route flush table 100
in_ns box ip -6 route flush table 200
in_ns box ip -6 addr flush dev wan0 scope global
repaired() { who6_is isp0 && has_address wan0 2001:db8: && six_routes 100 | grep -q '^default via'; }
until_so 20 repaired
ok $? "addresses and routes that somebody removed are put back"

# --- an end -----------------------------------------------------------------------------------------------
stop_daemon
is "$?$(who6)" 0isp0 "a regular end leaves the lines as they are"

# --- the router resigns; names are not its to give -----------------------------------------------------------------------------------
configure remove "resolver = 192.168.1.1"
start_daemon
until_so 20 preferred_is fibre && until_so 20 who6_is isp0
ok $? "with a name server of IPv4"
kill "${announcer[0]}"
until_so 5 gone "${announcer[0]}"
say isp0 line0 255 0 0
resigned() { ! six_routes 100 | grep -q '^default via' && ! six_routes 200 | grep -q '^default via'; }
until_so 10 resigned
ok $? "a router that resigns is used no more"
in_ns box curl -6 -s --max-time 5 -o "$work/none" "http://[$hub6]/who"
is "$?" 7 "and without one a connection fails at once, over another line than the preferred it does not go"
is "$(in_ns box curl -4 -s --max-time 2 "http://$hub/who")" isp0 "while the line goes on over IPv4"
announce 0
until_so 20 who6_is isp0
ok $? "one that speaks again is used again"
stop_daemon
is "$(addresses wan0)$(addresses wan1)$(addresses wan2)$(in_ns box ip -6 route show table all proto 80 2>/dev/null)" "" "leave = remove takes addresses and routes away"
finish
