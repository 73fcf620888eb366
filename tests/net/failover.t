#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # many functions are only called by "within"
# wasl-netmgrd on a real kernel: a box with two lines to two providers whose routers have the same address, as
# is common with routers out of the box. Everything happens in network namespaces made here.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/net/lib.sh
. tests/net/lib.sh

[ "$(id -u)" -eq 0 ] || skip_all "needs root for network namespaces"
need ip nft nginx curl jq busybox
make_namespaces box isp0 isp1 pupil
need_nat box

# --- two providers -----------------------------------------------------------------------------------
hub=203.0.113.10
for i in 0 1; do
	lay_line $i isp$i 192.168.1.1
	never_resets isp$i
	for far in $hub 203.0.113.20 203.0.113.30; do in_ns isp$i ip addr add "$far/32" dev lo; done
	start_nginx isp$i isp$i <<-END
		server {
			listen $hub:80;
			$answers_check
			location = /who { return 200 "isp$i\n"; }
			location /slow { limit_rate 40k; }
			location /slower { limit_rate 4k; }
			location /long { limit_rate 40k; }
		}
	END
	head -c 200000 /dev/zero | tr '\0' "$i" >"$work/www-isp$i/slow"
	cp "$work/www-isp$i/slow" "$work/www-isp$i/slower"
	truncate -s 2000000 "$work/www-isp$i/long"
	in_background isp$i dns$i "$B/tests/dns-fake" $hub who.example "10.0.0.$i"
done
in_ns box ip link set lo up
seat_pupil
in_ns box ip rule add priority 5000 from 198.51.100.7 lookup main # somebody else's

mkdir -p "$work/root/etc/wasl"
configure() { # configure LEAVE METERED
	cat >"$work/root/etc/wasl/profile.conf" <<-END
		$(two_lines "$1" "check_url = http://$hub/v1/check/
			drain_s = 1" "" "metered = $2")
		[uplink modem]
		kind = mobile
		device = usb*
		address = 192.168.9.2/24
		gateway = 192.168.9.1
		preference = 30
	END
}
preferred_is() { [ "$(ask GET /v1/uplinks | jq -r '.preferred')" = "$1" ]; }
state_of() { ask GET /v1/uplinks | jq -r ".uplinks[] | select(.name == \"$1\") | .state"; }
state_is() { [ "$(state_of "$1")" = "$2" ]; }
who() { in_ns box curl -s --max-time 2 "http://$hub/who" || true; }
who_is() { [ "$(who)" = "$1" ]; }
last_reason() { ask GET '/v1/events?limit=1000' | jq -r "[.rows[] | select(.subject == \"$1\" and .kind == \"uplink.down\")] | last | .reason"; }

# --- up ----------------------------------------------------------------------------------------------
configure keep no
WASL_ROOT=$work/root "$B/bin/wasl-netmgrd" -n >/dev/null
start_daemon
within 10 preferred_is fibre && within 5 state_is lte up
ok $? "both lines come up, the fibre is preferred"
is "$(who)" isp0 "traffic takes the preferred line"
is "$(in_ns box ip -4 route show table 100 | grep -c unreachable)" 1 "a line's table ends in unreachable"
is "$(in_ns box ip -4 route show table main | grep -v lan0)" "" "two lines with the same subnet leave no route in the main table"
is "$(in_ns box ip rule show | grep -c '^5000:')" 1 "another one's rule is still there"

arp_of() { in_ns box cat "/proc/sys/net/ipv4/conf/$1/arp_ignore" "/proc/sys/net/ipv4/conf/$1/arp_announce" | paste -sd ' '; }
is "$(arp_of wan0), $(arp_of wan1), $(arp_of lan0)" "1 2, 1 2, 0 0" "each line speaks of its own address only, other devices are left alone"
is "$(in_ns isp0 busybox arping -f -c 3 -w 1 -I line0 10.20.0.1 | grep -c '[Rr]eply from')" 0 "so that a provider does not find the classroom's address on its wire"
near_line() { in_ns isp0 busybox arping -f -c 3 -w 1 -I line0 192.168.1.2 | grep -q '[Rr]eply from'; }
within 10 near_line
ok $? "and finds the line's own"

# What a router on some wire announces is no line that anybody chose.
if [ -e /proc/net/if_inet6 ]; then
	in_ns box ip -6 addr add 2001:db8:2::1/64 dev lan0 nodad
	in_ns box ip -6 route add default via 2001:db8:2::99 dev lan0 proto ra metric 1024
	is "$(in_ns box ip -6 route get 2001:db8:1::1 2>&1 | grep -c ' dev lan0')" 0 "IPv6 does not leave the box by a router that announced itself"
	is "$(in_ns box ip -6 route get 2001:db8:2::5 2>&1 | grep -c ' dev lan0')" 1 "and reaches whoever is on the same wire"
else
	skip "IPv6 does not leave the box" "this kernel has no IPv6"
fi

# --- the cable ---------------------------------------------------------------------------------------
in_ns isp0 ip link set line0 down
within 5 who_is isp1
ok $? "the cable is pulled: traffic moves to the other line"
echo "# carrier loss to working traffic: $took ms, with curl's own time"
is "$(last_reason fibre)" cable "the event names the cable"

ip netns exec "$(ns box)" curl -s --max-time 30 -o "$work/download" "http://$hub/slow" &
download=$!
within 5 test -s "$work/download" # it has begun
in_ns isp0 ip link set line0 up
within 10 preferred_is fibre && within 3 who_is isp0
ok $? "the cable is back: new flows return after hold-down"
wait $download
ok $? "a download that began on the other line stayed there and ended well"
is "$(head -c 1 "$work/download")$(stat -c %s "$work/download")" 1200000 "every byte of it came from the line it began on"

# A pupil's connections that outlive a change of lines: FOLDER/ready when they are open, then FOLDER/go, then FOLDER/end has
# what became of them: the line that answers UDP from the same port, and how TCP ended.
pupil() {
	mkdir -p "$1"
	# shellcheck disable=SC2016 # for the shell in the namespace
	ip netns exec "$(ns pupil)" bash -c '
		question="\0\1\1\0\0\1\0\0\0\0\0\0\3who\7example\0\0\1\0\1"
		once() { printf "$question" >&4 && timeout 1 dd bs=512 count=1 <&4 2>/dev/null | tail -c 1 | od -An -tu1 | tr -d " \n"; }
		ask() { for _ in 1 2 3 4 5 6 7 8 9; do got=$(once) && [ -n "$got" ] && break; done; echo "$got"; }
		exec 3<>"/dev/tcp/$0/80" 4<>"/dev/udp/$0/53"
		printf "GET /who HTTP/1.1\r\n" >&3
		ask >"$1/before"
		touch "$1/ready"
		until [ -e "$1/go" ]; do sleep 0.02; done
		begun=$(date +%s%3N)
		printf "Host: x\r\n" >&3
		read -r -t 5 -u 3 line && how=answered || how=$([ $? -gt 128 ] && echo hangs || echo reset)
		echo "tcp $how after $(($(date +%s%3N) - begun)) ms"
		echo "udp $(ask)"
	' $hub "$1" >"$1/end" 2>"$1/err" &
	children+=($!)
}

# --- silence -----------------------------------------------------------------------------------------
ip netns exec "$(ns box)" curl -s --max-time 30 -o "$work/stuck" "http://$hub/long" & # outlasts what comes before the silence
stuck=$!
pupil "$work/pupil0"
within 5 test -s "$work/stuck" # it has begun
within 5 test -e "$work/pupil0/ready"
for far in $hub 203.0.113.20 203.0.113.30; do
	in_ns isp0 ip addr del "$far/32" dev lo
	in_ns isp0 ip route add blackhole "$far/32"
done
within 10 preferred_is lte && silent=$took && within 3 who_is isp1
ok $? "a provider goes silent behind a living router: traffic moves"
echo "# silent fault under a download to another line: $silent ms"
is "$(last_reason fibre)" ISP "the event names the provider"
begun=$(now_ms)
wait $stuck && released=finished || released=$?
echo "# stuck connection ended with curl status $released, $(($(now_ms) - begun)) ms later"
[ "$released" != 28 ] && [ "$released" != finished ]
ok $? "a connection stuck on the dead line is reset"
touch "$work/pupil0/go"
within 20 grep -q udp "$work/pupil0/end"
echo "# a pupil's $(head -n 1 "$work/pupil0/end")"
like "$work/pupil0/end" '^tcp reset after' "a pupil's is reset at its next packet"
is "$(cat "$work/pupil0/before") $(sed -n 's/^udp //p' "$work/pupil0/end")" "0 1" "what has no connection goes on over the other line"
in_background box httpd busybox httpd -f -p 8088 -h "$work/www-isp0"
near_page() { in_ns isp0 curl -sf --max-time 1 http://192.168.1.2:8088/slow -o "$work/page" && cmp -s "$work/page" "$work/www-isp0/slow"; }
within 5 near_page
ok $? "whoever is on the dead line's own wire still reads the box's pages"
for far in $hub 203.0.113.20 203.0.113.30; do
	in_ns isp0 ip route del blackhole "$far/32"
	in_ns isp0 ip addr add "$far/32" dev lo
done
within 10 preferred_is fibre && within 3 who_is isp0
ok $? "the provider is back: so is the traffic"

# --- both gone ---------------------------------------------------------------------------------------
for i in 0 1; do in_ns isp$i ip link set line$i down; done
within 5 preferred_is null
ok $? "both cables out: no line is preferred"
in_ns box curl -s --max-time 5 -o "$work/none" "http://$hub/who"
[ $? -eq 7 ] # "could not connect"; one that hangs ends with 28
ok $? "without any line a connection fails at once instead of hanging"
for i in 0 1; do in_ns isp$i ip link set line$i up; done
within 15 who_is isp0
ok $? "both back"

# --- a modem comes and goes ---------------------------------------------------------------------------
is "$(state_of modem)" absent "a modem that is not there is absent"
ip link add usb0 netns "$(ns box)" type veth peer name modem netns "$(ns isp1)"
in_ns isp1 ip addr add 192.168.9.1/24 dev modem
in_ns isp1 ip link set modem up
within 5 state_is modem up
ok $? "plugged in, it comes up"
is "$(in_ns box ip -4 route show table 102 default | grep -c 'via 192.168.9.1 dev usb0')" 1 "with a table of its own"
is "$(in_ns box nft list table inet wasl | grep -c 'oifname "usb0"')" 1 "and its connections are marked"
kill -STOP $daemon # out and in again before anybody looks
in_ns box ip link del usb0
ip link add usb7 netns "$(ns box)" type veth peer name modem netns "$(ns isp1)"
in_ns isp1 ip addr add 192.168.9.1/24 dev modem
in_ns isp1 ip link set modem up
kill -CONT $daemon
new_way() { in_ns box ip -4 route show table 102 default | grep -q 'via 192.168.9.1 dev usb7'; }
within 10 new_way && within 20 state_is modem up
ok $? "back under another name, it is still the same line"
is "$(in_ns box nft list table inet wasl | grep -o '"usb[0-9]"' | sort -u)" '"usb7"' "whose connections are marked"
in_ns box ip link set usb7 down
in_ns box ip link set usb7 name gone7
within 5 state_is modem absent
ok $? "given a name that is not ours, it is absent"
address_gone() { ! in_ns box ip -4 addr show dev gone7 | grep -q inet; }
within 5 address_gone
ok $? "and keeps no address of ours"
in_ns box ip link set gone7 name usb8
within 10 state_is modem up
ok $? "named as before, it is back"
in_ns box ip link del usb8
within 5 state_is modem absent
ok $? "pulled out, it is absent again"
way_gone() { ! in_ns box ip -4 route show table 102 | grep -qv unreachable; }
within 5 way_gone
ok $? "and its way is gone"

# --- meddling, a kill, an end ------------------------------------------------------------------------
in_ns box ip rule del priority 2000
in_ns box ip route flush table 100
in_ns box ip -6 rule del priority 9000 2>/dev/null
six_is_shut() { [ ! -e /proc/net/if_inet6 ] || in_ns box ip -6 rule show | grep -q '^9000:'; }
repaired() { six_is_shut && in_ns box ip rule show | grep -q '^2000:' && in_ns box ip route show table 100 | grep -q default; }
within 3 repaired
ok $? "rules and routes that somebody removed are put back"

for ((i = 0; i < 5000; i++)); do echo "route add 10.$((i / 250)).$((i % 250)).0/24 dev lo table 77"; done >"$work/many"
in_ns box ip -batch "$work/many"
for order in add del; do
	for ((i = 0; i < 50; i++)); do echo "route $order 10.99.$i.0/24 dev lo table 76 proto 80"; done
done >"$work/noise"
"$B/tests/tiny-buffer" $daemon >"$work/buffer.log" 2>&1
ok $? "the daemon hears the kernel through a buffer for two events"
kill -STOP $daemon # so that it cannot keep up
in_ns box ip -batch "$work/noise"
in_ns box ip rule del priority 2000
in_ns box ip route flush table 100
kill -CONT $daemon
within 3 repaired
ok $? "it knows that it missed something among 5,000 routes, and puts it right"
resync_said() { resync=$(sed -n 's/.*event=netlink.overrun.* resync_us=\([0-9]*\).*/\1/p' "$work/netmgrd.log" | tail -n 1) && [ -n "$resync" ]; }
within 5 resync_said
echo "# all looked at anew in ${resync:-?} us"
[ -n "$resync" ]
ok $? "and says so"
is "$(in_ns box ip route show table 77 | wc -l)" 5000 "the routes of others are all there"
in_ns box ip route flush table 77

within 40 preferred_is fibre # hold-down has doubled with each fall above
kill_daemon
is "$(who)" isp0 "killed: traffic goes on"
in_ns box ip rule add priority 1777 protocol 80 from all lookup main # what a version before may have left
start_daemon
within 10 preferred_is fibre
ok $? "started again"
is "$(who)" isp0 "and adopts what is there"
within 3 bash -c "! ip netns exec $(ns box) ip rule show | grep -q '^1777:'"
ok $? "a rule of ours that nobody needs any more is gone"

rows=$(ask GET '/v1/minutes?limit=1000')
is "$(jq '[.rows[] | select(.up_s + .down_s + .unpowered_s + .unknown_s != 60)] | length' <<<"$rows")" 0 "every minute has 60 seconds"

stop_daemon
ok $? "a regular end"
is "$(who)" isp0 "which leaves the lines as they are"
configure remove yes
start_daemon
within 20 preferred_is fibre && within 20 state_is lte up

# --- bytes that cost money ---------------------------------------------------------------------------
in_ns isp0 ip link set line0 down
within 5 preferred_is lte
ip netns exec "$(ns box)" curl -s --max-time 60 -o "$work/dear" "http://$hub/slower" &
dear=$!
within 5 test -s "$work/dear" # it has begun
in_ns isp0 ip link set line0 up
within 20 preferred_is fibre
wait $dear && drained=finished || drained=$?
is "$drained" 56 "a download that began on a metered line is ended some time after a better line is back"
within 3 who_is isp0
ok $? "and goes on over that one"
in_ns isp0 ip link set line0 down
within 5 preferred_is lte && within 3 who_is isp1
ok $? "the metered line is there when it is wanted again"
stop_daemon
is "$(in_ns box ip rule show | grep -c 'proto 80\|^[1289]000:\|^50[01]:')" 0 "leave = remove takes the rules away"
is "$(in_ns box ip -6 rule show | grep -c '^900')" 0 "those for IPv6 too"
is "$(in_ns box ip -4 route show table all proto 80 | wc -l)" 0 "and the routes"
is "$(in_ns box ip -4 addr show scope global | grep inet | grep -vc lan0)" 0 "and the addresses"
is "$(in_ns box nft list tables | grep -c wasl)" 0 "and the nftables table"
is "$(in_ns box ip rule show | grep -c '^5000:')" 1 "and nothing of anybody else"
finish
