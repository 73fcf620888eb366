#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # many functions are only called by "within"
# The queues that wasl-netmgrd keeps on its lines, looked at by tc; which queue a packet takes on its way out, and what comes in for
# whom; and what is left alone.
# Everything happens in network namespaces made here.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/net/lib.sh
. tests/net/lib.sh

[ "$(id -u)" -eq 0 ] || skip_all "needs root for network namespaces"
need ip tc nft jq curl strace busybox perl
make_namespaces box isp pupil
in_ns box ip link set lo up
for i in 0 1; do lay_line $i isp 192.168.$((i + 1)).1; done
in_ns box tc qdisc add dev lo root handle 7: htb 2>"$work/htb.err" || skip_all "this kernel has no HTB"
in_ns box tc qdisc del dev lo root
tells_apart() { # whether this kernel's nftables hears of what leaves a device, and can lead what arrives elsewhere
	in_ns box nft -c -f - 2>"$work/netdev.err" <<-END
		table netdev wasltry {
			chain out {
				type filter hook egress device "lo" priority 0
			}
			chain in {
				type filter hook ingress device "lo" priority 0
				fwd to "lo"
			}
		}
	END
}
have_ifb=no
in_ns box ip link add try type ifb 2>/dev/null && have_ifb=yes && in_ns box ip link del try

tests/net/tc-bytes --all >"$work/bytes"
if grep -q "$(printf '\t9800000024')" "$work/bytes"; then
	is "$(cmp "$work/bytes" tests/unit/netmgr/tc.bytes 2>&1)" "" "the bytes that we are held to are those of this machine's tc"
else
	skip "the bytes that we are held to" "strace cannot look at tc here"
fi

configure() { # configure LEAVE UP DOWN: of the first line; the second one's are not known
	mkdir -p "$work/root/etc/wasl"
	cat >"$work/root/etc/wasl/profile.conf" <<-END
		[net]
		leave = $1
		[uplink dsl]
		kind = dsl
		device = wan0
		address = 192.168.1.2/24
		gateway = 192.168.1.1
		up_kbps = $2
		down_kbps = $3
		[uplink fibre]
		kind = fibre
		device = wan1
		address = 192.168.2.2/24
		gateway = 192.168.2.1
	END
}
shaping() { ask GET /v1/uplinks | jq -r ".uplinks[] | select(.name == \"$1\") | .shaping | \"\(.up_kbps) \(.down_kbps)\""; }
shaped() { [ "$(shaping "$1")" = "$2" ]; }
queues() { in_ns box tc -j qdisc show dev "$1" | jq -r "[.[] | select(.root == true) | \"\(.kind) \(.handle)\"] | join(\",\")"; }
ceil() { in_ns box tc class show dev "$1" | sed -n "s/.*htb $2 .*ceil \([^ ]*\).*/\1/p"; }
bytes() { in_ns box tc -s class show dev waslin0 | grep -A1 "htb 50:$1 " | sed -n 's/.*Sent \([0-9]*\) bytes.*/\1/p'; }
sent() { in_ns box tc -s class show dev wan0 | grep -A1 "htb 50:$1 " | sed -n 's/.*Sent [0-9]* bytes \([0-9]*\) pkt.*/\1/p'; }

# --- what stands where -------------------------------------------------------------------------------
configure keep 800 4000
want_down=$([ $have_ifb = yes ] && echo 4000 || echo 0)
start_daemon
within 60 shaped dsl "800 $want_down"
ok $? "the queues are there"
is "$(queues wan0)" "htb 50:" "in an HTB"
is "$(ceil wan0 50:1) $(ceil wan0 50:13)" "800Kbit 800Kbit" "of the line's rate, that each class may fill"
is "$(in_ns box tc class show dev wan0 | grep -c 'parent 50:1 ')" 5 "with a class for each kind of traffic"
best=$(ask GET /v1/uplinks | jq -r '.uplinks[0].shaping.queue')
is "$(in_ns box tc -j qdisc show dev wan0 | jq -r '[.[] | select(.root != true and .kind != "ingress") | .kind] | unique | join(" ")')" "$best" \
	"each with the best queue that this kernel has ($best)"
apart=no
[ $have_ifb = yes ] && [ "$best" != cake ] && tells_apart && apart=yes
if [ $have_ifb = yes ]; then
	if [ $apart = yes ]; then
		in_ns box nft list table netdev waslin0 | grep -c 'fwd to "waslin0"' >/dev/null
	else
		in_ns box tc filter show dev wan0 parent ffff: | grep -q 'Redirect to device waslin0'
	fi
	ok $? "what comes in is led to another device"
	[ "$best" = cake ] && rate=$(in_ns box tc qdisc show dev waslin0 | sed -n 's/.*bandwidth \([^ ]*\).*/\1/p') || rate=$(ceil waslin0 50:12)
	is "$rate" 3600Kbit "and queued there at a little less than the line brings"
	arrives() { in_ns isp busybox arping -f -c 3 -w 1 -I line0 192.168.1.2 | grep -q '[Rr]eply from'; }
	within 20 arrives
	ok $? "from where it goes on"
else
	skip "what comes in" "this kernel has no ifb"
fi
is "$(queues wan1) $(ask GET /v1/uplinks | jq -r '.uplinks[1].shaping.reason')" "noqueue 0: what the line carries upward is not known yet" \
	"a line that nobody knows is left alone until it is known"

# --- who takes which ---------------------------------------------------------------------------------
send() { # send TOS [ADDRESS]: five packets over the first line's wire
	# shellcheck disable=SC2016 # perl's
	# Not connected: nobody listens there, and nobody wants to hear of it.
	in_ns box perl -MSocket -e 'socket(my $s, PF_INET, SOCK_DGRAM, 0) or die; setsockopt($s, 0, 1, pack("i", shift)) or die;
		for (1 .. 5) { send($s, "x", 0, sockaddr_in(9, inet_aton($ARGV[0]))) or die }' "$1" "${2:-192.168.1.1}" # IPPROTO_IP, IP_TOS
}
takes() { # takes CLASS TOS [ADDRESS]: five packets of it do
	local before
	before=$(sent "$1")
	send "$2" "${3:-}"
	gone_there() { [ $(($(sent "$1") - before)) -ge 5 ]; }
	until_so 20 gone_there "$1" # a packet may wait for an address first
}
while read -r class tos what; do
	takes "$class" "$tos"
	ok $? "$what"
done <<-END
	10 192 receipts have a class of their own
	11 136 live classes and pupils who wait, too
	12 0 what says nothing of itself
	13 32 lessons that nobody waits for
	14 4 and firmware
END

# --- what comes in ------------------------------------------------------------------------------------
much=200000
give() { # whoever connects to the provider's router is sent so many bytes, over either family
	# shellcheck disable=SC2016 # perl's
	in_background isp give perl -MSocket -e '$SIG{CHLD} = "IGNORE";
		socket(my $l, PF_INET6, SOCK_STREAM, 0) or die; setsockopt($l, SOL_SOCKET, SO_REUSEADDR, 1);
		bind($l, pack_sockaddr_in6(7001, Socket::IN6ADDR_ANY)) or die "bind: $!"; listen($l, 16) or die;
		while (1) { accept(my $s, $l) or next; next if fork(); syswrite($s, "x" x shift); exit 0 }' "$much"
}
take() { # take WHO ADDRESS TOS: all that is given; its packets say that they are of that class
	# shellcheck disable=SC2016 # perl's
	in_ns "$1" perl -MSocket=:all -e 'my ($host, $tos, $want) = @ARGV; alarm 60; my ($fault, $at) = getaddrinfo($host, 7001, { socktype => SOCK_STREAM });
		die $fault if $fault; socket(my $s, $at->{family}, SOCK_STREAM, 0) or die;
		$at->{family} == AF_INET6 ? setsockopt($s, 41, 67, pack("i", $tos)) : setsockopt($s, 0, 1, pack("i", $tos)); # IPV6_TCLASS, IP_TOS
		connect($s, $at->{addr}) or die "connect: $!"; my $got = 0;
		while (my $n = sysread($s, my $some, 65536)) { $got += $n }
		exit($got == $want ? 0 : 1)' "$2" "$3" "$much" 2>>"$work/take.log"
}
comes_in_by() { # comes_in_by CLASS WHO ADDRESS TOS: all of it by that class, and by no other anything worth a word
	local were=() class others=0 own=0 more
	for class in 10 11 12 13 14; do were+=("$(bytes $class)"); done
	take "$2" "$3" "$4" || return 1
	for class in 10 11 12 13 14; do
		more=$(($(bytes $class) - were[class - 10]))
		if [ $class = "$1" ]; then own=$more; else others=$((others + more)); fi
	done
	[ "$own" -ge $much ] && [ "$others" -lt $((much / 10)) ] && return
	echo "# $own bytes by class $1, $others by others"
	return 1
}
by_their_class() { # by_their_class WHEN
	while read -r class who address tos what; do
		comes_in_by "$class" "$who" "$address" "$tos"
		ok $? "$what$1"
	done <<-END
		13 box 192.168.1.1 32 a lesson that nobody waits for comes in by its own class
		11 box 192.168.1.1 136 what a pupil waits for, too
		10 box 192.168.1.1 192 and what answers a report
		12 pupil 192.168.1.1 0 a pupil's download comes in by the class for browsing
		12 pupil 192.168.1.1 136 also one that says that it is worth more
		12 pupil 192.168.1.1 192 or that it is a report
		13 pupil 192.168.1.1 32 but for one that says that it has time
	END
}
table_handle() { in_ns box nft -a list table netdev waslin0 2>/dev/null | sed -n '1s/.*# handle //p'; }
no_rules() { ! in_ns box nft list tables netdev | grep -c waslin >/dev/null; }
if [ $apart = yes ]; then
	seat_pupil
	give
	within 20 take box 192.168.1.1 0
	ok $? "the provider's router has something to give"
	is "$(in_ns box tc class show dev waslin0 | grep -c 'parent 50:1 ')" 5 "what comes in has a class for each kind of traffic"
	by_their_class ""
	far=$(in_ns isp ip -6 -o addr show dev line0 scope link | sed -n 's/.*inet6 \([^/]*\).*/\1/p')
	if [ -n "$far" ] && within 20 take box "$far%wan0" 0; then
		comes_in_by 13 box "$far%wan0" 32
		ok $? "over IPv6 as well: lessons that nobody waits for"
		comes_in_by 12 box "$far%wan0" 0
		ok $? "and what says nothing of itself"
	else
		skip "over IPv6 as well" "no IPv6 here"
	fi
	before=$(bytes 10)
	in_ns box busybox ping -c 3 -W 5 192.168.1.1 >"$work/ping.out" 2>&1
	[ $(($(bytes 10) - before)) -ge 252 ]
	ok $? "an echo's answer comes in before all that"
	uninvited() { # uninvited PORT COUNT: as many packets of 1000 bytes from there, to a port of the box that nobody has
		# shellcheck disable=SC2016 # perl's
		in_ns isp perl -MSocket -e 'my ($from, $count) = @ARGV; socket(my $s, PF_INET, SOCK_DGRAM, 0) or die; bind($s, sockaddr_in($from, inet_aton("192.168.1.1"))) or die "bind: $!";
			for (1 .. $count) { send($s, "x" x 1000, 0, sockaddr_in(6000, inet_aton("192.168.1.2"))) }' "$@"
	}
	grew() { [ $(($(bytes "$1") - $2)) -ge "$3" ]; }
	# shellcheck disable=SC2016 # perl's
	in_ns isp perl -MSocket -e 'socket(my $s, PF_INET, SOCK_STREAM, 0) or die; bind($s, sockaddr_in(5000, INADDR_ANY)) or die "bind: $!";
		setsockopt($s, 0, 1, pack("i", 192)); exit(connect($s, sockaddr_in(6000, inet_aton("192.168.1.2"))) ? 1 : 0)'
	ok $? "a stranger who says that he is a report is refused"
	before=$(bytes 10) browsing=$(bytes 12)
	uninvited 5000 5
	until_so 20 grew 12 "$browsing" 5000
	is "$? $(($(bytes 10) - before))" "0 0" "and what he sends then is browsing"
	before=$(bytes 10)
	# shellcheck disable=SC2016 # perl's
	in_ns box perl -MSocket -e 'for (1 .. 5000) { socket(my $s, PF_INET, SOCK_DGRAM, 0) or die; send($s, "?", 0, sockaddr_in(53, inet_aton("192.168.1.1"))) }'
	comes_in_by 11 box 192.168.1.1 136
	ok $? "thousands of questions for names leave room for who waits"
	comes_in_by 10 box 192.168.1.1 192
	ok $? "and for reports"
	before=$(bytes 10)
	uninvited 53 5
	until_so 20 grew 10 "$before" 5000
	ok $? "a name server's answers come in as control messages"
	browsing=$(bytes 12)
	uninvited 53 300
	until_so 20 grew 12 "$browsing" 5000
	ok $? "and more than a line needs of them as browsing"
	handle=$(table_handle)
	stop_daemon
	by_their_class " while the daemon is away"
	start_daemon
	within 20 shaped dsl "800 $want_down"
	ok $? "the daemon is back"
	is "$(table_handle)" "$handle" "and has taken over the rules, with the flows that they know"
	by_their_class " after a restart"
else
	skip "what comes in is told apart" "this kernel has a cake for it, or cannot"
fi

# --- meddling, another rate, somebody else's ----------------------------------------------------------
stop_daemon
ok $? "a regular end"
is "$(queues wan0)" "htb 50:" "leaves the queues as they are"
before=$(sent 11)
configure keep 1600 0
start_daemon
within 20 shaped dsl "1600 0"
ok $? "another rate is taken on"
is "$(ceil wan0 50:1) $(ceil wan0 50:13)" "1600Kbit 1600Kbit" "by every class"
[ "$(sent 11)" -ge "$before" ]
ok $? "without a queue made anew"
no_rules
is "$?$(in_ns box tc qdisc show dev wan0 | grep -c ingress)$(in_ns box ip link show 2>/dev/null | grep -c waslin)" 000 "what is not wished for any more is gone"
in_ns box ip link del wan0
ip link add wan0 netns "$(ns box)" type veth peer name line0 netns "$(ns isp)"
in_ns isp ip addr add 192.168.1.1/24 dev line0
in_ns isp ip link set line0 up
again() { [ "$(queues wan0)" = "htb 50:" ]; }
within 20 again
ok $? "a device that was plugged in anew has its queues again"
stop_daemon
in_ns box tc qdisc replace dev wan0 root handle 9: pfifo limit 77
configure remove 900 0
start_daemon
told() { ask GET /v1/uplinks | jq -r '.uplinks[0].shaping.reason' | grep -q "somebody else's pfifo"; }
within 20 told
ok $? "somebody else's queue is said to be there"
is "$(queues wan0)" "pfifo 9:" "and stays"
stop_daemon
in_ns box tc qdisc del dev wan0 root
configure remove 900 "$want_down"
start_daemon
within 20 shaped dsl "900 $want_down"
if [ $apart = yes ]; then
	handle=$(table_handle)
	in_ns box ip link del wan0
	ip link add wan0 netns "$(ns box)" type veth peer name line0 netns "$(ns isp)"
	in_ns isp ip addr add 192.168.1.1/24 dev line0
	in_ns isp ip link set line0 up
	anew() { [ -n "$(table_handle)" ] && [ "$(table_handle)" != "$handle" ]; }
	within 20 anew
	ok $? "a device that was plugged in anew has its rules again"
	within 20 comes_in_by 13 box 192.168.1.1 32
	ok $? "and what comes in is told apart"
fi
stop_daemon
no_rules
is "$? $(queues wan0) $(in_ns box tc qdisc show dev wan0 | grep -c ingress) $(in_ns box ip link show | grep -c waslin)" "0 noqueue 0: 0 0" \
	"leave = remove takes everything away"

# --- rules that the kernel refuses ---------------------------------------------------------------------
if [ $apart = yes ]; then
	mkfifo "$work/orders"
	in_background box owner bash -c "exec nft -i <'$work/orders'"
	owner=$started
	exec 9>"$work/orders"
	echo 'add table netdev waslin0 { flags owner; }' >&9
	is_owned() { in_ns box nft list table netdev waslin0 2>/dev/null | grep -c owner >/dev/null; }
	within 20 is_owned
	ok $? "somebody else owns the table of that name"
	start_daemon
	within 20 shaped dsl "900 $want_down"
	ok $? "what comes in is queued all the same"
	grep -q 'event=shape.arrivals .*shares one queue' "$work/netmgrd.log"
	ok $? "in one queue, as the log says"
	in_ns box tc filter show dev wan0 parent ffff: | grep -q 'Redirect to device waslin0'
	ok $? "led there by a filter"
	before=$(bytes 12)
	take box 192.168.1.1 32 && [ $(($(bytes 12) - before)) -ge $much ]
	ok $? "by which all of it comes in"
	kill "$owner"
	exec 9>&-
	is_free() { ! is_owned; }
	within 20 is_free
	ok $? "the other one is gone"
	stop_daemon
	configure keep 900 "$want_down"
	start_daemon
	within 20 shaped dsl "900 $want_down"
	ok $? "the next life of the daemon tries again"
	comes_in_by 13 box 192.168.1.1 32
	ok $? "and tells apart what comes in"
	stop_daemon
fi

# --- one port: the classroom on the line's own wire ------------------------------------------------------
configure remove 800 "$want_down"
cat >>"$work/root/etc/wasl/profile.conf" <<-END
	[zone classroom]
	kind = classroom
	device = wan0
END
in_ns isp ip addr add 192.168.1.50/24 dev line0 # a phone
in_ns isp ip addr add 198.51.100.1/32 dev lo    # and somebody beyond the router
in_ns box ip route add 198.51.100.1 via 192.168.1.1
start_daemon
tells_apart || want_down=0 # rather than the classroom's as well
within 20 shaped dsl "800 $want_down"
ok $? "a box with one port has the queues"
stands() { [ "$(ask GET /v1/uplinks | jq -r .wall.standing)" = true ]; }
within 20 stands
ok $? "and its wall"
# shellcheck disable=SC2016 # perl's
in_background box serve perl -MSocket -e '$SIG{CHLD} = "IGNORE"; socket(my $l, PF_INET, SOCK_STREAM, 0) or die;
	setsockopt($l, SOL_SOCKET, SO_REUSEADDR, 1); bind($l, sockaddr_in(80, INADDR_ANY)) or die "bind: $!"; listen($l, 16) or die;
	while (1) { accept(my $s, $l) or next; next if fork(); while (sysread($s, my $some, 65536)) { } syswrite($s, "x" x shift); exit 0 }' "$much"
exchange() { # the phone gives much to the box, and is given as much
	# shellcheck disable=SC2016 # perl's
	in_ns isp perl -MSocket -e 'my $want = shift; alarm 60; socket(my $s, PF_INET, SOCK_STREAM, 0) or die; bind($s, sockaddr_in(0, inet_aton("192.168.1.50"))) or die;
		connect($s, sockaddr_in(80, inet_aton("192.168.1.2"))) or die "connect: $!"; syswrite($s, "y" x $want) == $want or die; shutdown($s, 1);
		my $got = 0; while (my $n = sysread($s, my $some, 65536)) { $got += $n }
		exit($got == $want ? 0 : 1)' "$much" 2>>"$work/exchange.log"
}
all_of() { in_ns box tc -s class show dev "$1" | grep -A1 "htb 50:1 " | sed -n 's/.*Sent \([0-9]*\) bytes.*/\1/p'; }
within 20 exchange
ok $? "a phone on the wire is served"
before=$(all_of wan0)
exchange
more=$(($(all_of wan0) - before))
[ "$more" -lt $((much / 10)) ]
ok $? "what the box sends to it does not wait for the line ($more of $much bytes do)"
takes 10 192 198.51.100.1
ok $? "what goes on by the router does, by its class"
if [ $apart = yes ]; then
	before=$(all_of waslin0)
	exchange
	more=$(($(all_of waslin0) - before))
	[ "$more" -lt $((much / 10)) ]
	ok $? "what it sends to the box did not come over the line ($more of $much bytes are taken for it)"
	comes_in_by 13 box 198.51.100.1 32
	ok $? "what comes in by the router did, by its class"
fi
stop_daemon
finish
