#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # many functions are only called by "within"
# The wall of wasl-netmgrd, attacked from each of its sides: two pupils on a bridge of the box, a teacher, a technician, and
# a provider whose router is on the uplink's wire. Everything happens in network namespaces made here.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/net/lib.sh
. tests/net/lib.sh

[ "$(id -u)" -eq 0 ] || skip_all "needs root for network namespaces"
need ip nft curl jq busybox perl
make_namespaces box isp pupil1 pupil2 teacher technician
need_nat box

# --- a school ----------------------------------------------------------------------------------------
plug() { # plug NAME DEVICE ADDRESS BOX-DEVICE
	ip link add "$4" netns "$(ns box)" type veth peer name "$2" netns "$(ns "$1")"
	in_ns "$1" ip link set lo up
	in_ns "$1" ip addr add "$3/24" dev "$2"
	in_ns "$1" ip link set "$2" up
	in_ns box ip link set "$4" up
}
in_ns box ip link set lo up
in_ns box ip link add br0 type bridge
plug pupil1 eth0 10.20.0.11 port1
plug pupil2 eth0 10.20.0.12 port2
plug teacher eth0 10.30.0.11 staff0
plug technician eth0 10.40.0.11 man0
plug isp line0 192.168.1.1 wan0
in_ns box ip link set wan0 down
for port in port1 port2; do in_ns box ip link set $port master br0; done
in_ns box ip link set br0 up
in_ns box ip addr add 10.20.0.1/24 dev br0
in_ns box ip addr add 10.30.0.1/24 dev staff0
in_ns box ip addr add 10.40.0.1/24 dev man0
in_ns box sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 2>"$work/sysctl.err"
for who in pupil1 pupil2; do in_ns $who ip route add default via 10.20.0.1; done
in_ns teacher ip route add default via 10.30.0.1
in_ns technician ip route add default via 10.40.0.1
hub=203.0.113.10
in_ns isp ip addr add $hub/32 dev lo
in_ns isp ip route add 10.0.0.0/8 via 192.168.1.2 # a provider who tries
mkdir -p "$work/www" "$work/root/etc/wasl" "$work/root/var/lib/wasl/netmgr"
echo here >"$work/www/index.html"
serve() { # serve NAMESPACE ADDRESS:PORT
	in_background "$1" httpd busybox httpd -f -p "$2" -h "$work/www"
}
for port in 80 22 8080; do serve box "[::]:$port"; done
serve isp $hub:80
serve isp $hub:8443
serve isp 192.168.1.1:80 # the router's own pages
serve pupil2 80
# Who was heard on the box's port for names.
cat >"$work/hear.pl" <<-'END'
	use IO::Socket::INET; $| = 1;
	my $s = IO::Socket::INET->new(LocalPort => 53, Proto => "udp") or die;
	print "ready\n";
	while (1) { my $from = $s->recv(my $text, 512); next unless $from; print $s->peerhost, " $text\n"; $s->send($text) }
END
ip netns exec "$(ns box)" perl "$work/hear.pl" >"$work/heard" 2>"$work/hear.log" &
hears=$!
children+=("$hears")
within 10 grep -q ready "$work/heard"

page() { # page FROM URL: what curl came to: a page, a refusal (7), silence (28)
	local got
	got=$(in_ns "$1" curl -s -g --noproxy '*' --max-time 20 "$2") && echo "$got" || echo "no $?"
}
answered() { in_ns "$2" curl -s -g --noproxy '*' --max-time "$1" -o "$work/page" "$3"; }
# Silence tells something only where an answer would have come in that time: what may be asked on that wire is asked next, and where
# that was silent, too, both are given longer.
silent() { # silent FROM URL…: nobody answers, not even with a refusal
	local from=$1 url limit may=(pupil1 http://10.20.0.1/)
	[ "$from" != isp ] || may=(box "http://$hub/")
	shift
	for url; do
		for limit in 0.3 1 3 10 gone; do
			[ $limit != gone ] || return 1
			answered $limit "$from" "$url"
			[ $? = 28 ] || return 1
			! answered $limit "${may[@]}" || break
		done
	done
}
page_is() { [ "$(page "$1" "$2")" = "$3" ]; }
say_to() { # say_to FROM ADDRESS TEXT [SOURCE]: one datagram to a port for names
	# shellcheck disable=SC2016 # perl's
	in_ns "$1" perl -MSocket -e 'socket(my $s, PF_INET, SOCK_DGRAM, 0) or die;
		bind($s, sockaddr_in(0, inet_aton($ARGV[2]))) or die if $ARGV[2];
		send($s, $ARGV[1], 0, sockaddr_in(53, inet_aton($ARGV[0]))) or die' "$2" "$3" ${4:+"$4"}
}
heard() { grep -q " $1\$" "$work/heard"; }
on_wire() { # on_wire FROM TO: whether it answers
	in_ns "$1" busybox ping -c 1 -W 1 "$2" >/dev/null 2>&1
}

# Without a wall all of this is open: so that the tests below can fail.
within 10 page_is pupil1 http://10.20.0.1:22/ here
ok $? "without zones a pupil reaches any port of the box"
within 10 on_wire pupil1 10.20.0.12
ok $? "and another pupil"

cat >"$work/root/etc/wasl/profile.conf" <<-END
		[net]
		leave = keep
		far_a =
		far_b =
		retry_s = 1
		hold_s = 1
		gateway_every_ms = 200
		[uplink dsl]
		kind = dsl
		device = wan0
		address = 192.168.1.2/24
		gateway = 192.168.1.1
		resolver = 192.168.1.1
		[wall]
		captive = https://madrasa/api/captive
		[zone class]
		kind = classroom
		device = br0
		[zone office]
		kind = staff
		device = staff0
		[zone cabinet]
		kind = management
		device = man0
	END
# One that was killed leaves its socket behind: what tells is an answer.
answers() { ask GET /v1/status >"$work/answer"; }
start_and_wait() {
	start_daemon
	within 20 answers
}
wall() { ask GET /v1/uplinks | jq -r ".wall | $1"; }
wall_is() { [ "$(wall "$1")" = "$2" ]; }
line_is_up() { [ "$(ask GET /v1/uplinks | jq -r .preferred)" = dsl ]; }
# As on a box whose technician is the user nobody; that the daemon's process may mount is the namespace's.
cp /etc/group "$work/group"
echo 'wasl-technician:x:59999:nobody' >>"$work/group"
start_daemon() {
	# shellcheck disable=SC2016 # for the shell in the namespace
	in_background box netmgrd sh -c 'mount --bind "$0" /etc/group && exec env WASL_ROOT="$1" "$2"' "$work/group" "$work/root" "$B/bin/wasl-netmgrd"
	daemon=$started
}
order_of() { # order_of USER JSON: by a user who may talk to the daemon
	chmod o+x "$work" "$work/root" "$work/root/run" "$work/root/run/wasl" && chmod o+rw "$work/root/run/wasl/netmgrd.sock"
	(cd "$work" && setpriv --reuid="$1" --regid=nogroup --clear-groups curl -s --max-time 5 --unix-socket root/run/wasl/netmgrd.sock -d "$2" http://x/v1/emergency)
}
order() { # order JSON
	(cd "$work" && curl -s --max-time 5 --unix-socket root/run/wasl/netmgrd.sock -d "$1" http://x/v1/emergency)
}

start_and_wait
within 20 wall_is .standing true && within 20 line_is_up
ok $? "the wall stands and the line is up"
is "$(wall '[.zones[] | "\(.name) \(.address) \(.reach)"] | join(", ")')" \
	"class 10.20.0.1/24 box, office 10.30.0.1/24 internet, cabinet 10.40.0.1/24 all" "each zone is where it is, and reaches what is usual"
is "$(in_ns box nft list tables | grep -c 'wasl')" "$([ "$(wall .reason)" ] && echo 2 || echo 3)" "it stands beside the table of marks"

# --- a pupil -----------------------------------------------------------------------------------------
is "$(page pupil1 http://10.20.0.1/)" here "a pupil reads the box's pages"
is "$(page pupil1 http://10.20.0.1:22/), $(page pupil1 http://10.20.0.1:8080/)" "no 7, no 7" "and is refused its other ports, at once"
is "$(page pupil1 http://10.30.0.1:22/), $(page pupil1 http://192.168.1.2:22/)" "no 7, no 7" "also at the box's other addresses"
on_wire pupil1 10.20.0.1
ok $? "the box answers a pupil's echo"
if [ -z "$(wall .reason)" ]; then
	! on_wire pupil1 10.20.0.12
	ok $? "another pupil does not hear"
	silent pupil1 http://10.20.0.12/
	ok $? "nor serve pages"
	in_ns pupil1 ip route add 10.20.0.12/32 via 10.20.0.1
	! on_wire pupil1 10.20.0.12
	ok $? "also not through the box"
	in_ns pupil1 ip route del 10.20.0.12/32
	is "$(wall '.zones[0].isolated')" true "and that is said"
else
	skip "pupils are kept from each other" "$(wall .reason)"
fi
is "$(page pupil1 http://10.30.0.11/), $(page pupil1 http://10.40.0.11/)" "no 7, no 7" "nobody of another zone is reached"
is "$(page pupil1 http://$hub/), $(page pupil1 http://192.168.1.1/)" "no 7, no 7" "nor anything beyond the box"
say_to pupil1 203.0.113.53 anywhere
within 10 heard anywhere
ok $? "a question for names to anybody is the box's to answer"

# --- a pupil who says that he is another ------------------------------------------------------------
sent=0
for lie in 10.30.0.77 203.0.113.77 10.20.0.1; do
	in_ns pupil1 ip addr add $lie/32 dev eth0
	say_to pupil1 10.40.0.1 "lie-$lie" $lie && sent=$((sent + 1))
	in_ns pupil1 ip addr del $lie/32 dev eth0
done
say_to pupil1 10.40.0.1 truth 10.20.0.11 && within 10 heard truth # behind the lies, on the same way
ok $? "a pupil's own address is believed"
is "$sent sent, $(grep -c lie- "$work/heard") heard" "3 sent, 0 heard" "a teacher's, a stranger's and the box's are not"
in_ns teacher ip addr add 10.20.0.66/32 dev eth0
in_ns isp ip addr add 10.20.0.67/32 dev lo
sent=0
say_to isp 192.168.1.2 lie-isp 10.20.0.67 && sent=$((sent + 1))
page box http://$hub/ >"$work/page" # came over that wire after it
say_to teacher 10.20.0.1 lie-teacher 10.20.0.66 && sent=$((sent + 1))
say_to teacher 10.20.0.1 truth-teacher 10.30.0.11 && within 10 heard truth-teacher && sent=$((sent + 1))
is "$sent sent, $(grep -c lie- "$work/heard") heard" "3 sent, 0 heard" "nor a pupil's from another wire"

# --- a stranger on the uplink's wire ---------------------------------------------------------------
silent isp http://192.168.1.2/ http://192.168.1.2:22/
ok $? "a neighbour of the uplink hears nothing from any port"
silent isp http://10.20.0.1/ http://10.20.0.12/
ok $? "nor by the classroom's addresses"
! on_wire isp 192.168.1.2
ok $? "nor an echo"
say_to isp 192.168.1.2 lie-name
ok $? "a neighbour of the uplink asks for a name"
is "$(page box http://$hub/)" here "the box hears the answers that it asked for"
say_to teacher 10.30.0.1 truth-after && within 10 heard truth-after
is "$? $(grep -c lie-name "$work/heard")" "0 0" "and nobody's questions"

# --- IPv6 ---------------------------------------------------------------------------------------------
if [ -e /proc/net/if_inet6 ]; then
	six() { in_ns "$1" ip -6 -o addr show dev "$2" scope link | sed -n 's|.* inet6 \([^/]*\)/.*|\1|p'; }
	has_six() { [ -n "$(six box br0)" ] && in_ns pupil1 busybox ping -6 -c 1 -W 1 "$(six box br0)%eth0" >/dev/null 2>&1; }
	within 20 has_six
	ok $? "the box is a neighbour in IPv6, too"
	is "$(page pupil1 "http://[$(six box br0)%25eth0]/")" here "a pupil reads its pages by it"
	page pupil1 "http://[$(six box br0)%25eth0]:22/" >"$work/six"
	like "$work/six" '^no (7|28)$' "and nothing else" # Linux 6.1 finds no way back for a refusal to a link-local address
	! in_ns isp busybox ping -6 -c 1 -W 1 "$(six box wan0)%line0" >/dev/null 2>&1 && silent isp "http://[$(six box wan0)%25line0]/"
	ok $? "a neighbour of the uplink has no way in"
	in_ns pupil1 ip -6 addr add 2001:db8:7::11/64 dev eth0 nodad
	in_ns box ip -6 addr add 2001:db8:7::1/64 dev br0 nodad
	in_ns isp ip -6 addr add 2001:db8:8::1/64 dev line0 nodad
	in_ns box ip -6 addr add 2001:db8:8::2/64 dev wan0 nodad
	in_ns pupil1 ip -6 route add default via 2001:db8:7::1
	in_ns isp ip -6 route add 2001:db8:7::/64 via 2001:db8:8::2
	silent pupil1 "http://[2001:db8:7::1]/" && silent isp "http://[2001:db8:8::2]/"
	ok $? "addresses that nobody gave out are not believed"
	! in_ns pupil1 busybox ping -6 -c 1 -W 1 2001:db8:8::1 >/dev/null 2>&1
	ok $? "nothing goes around the wall through the box"
	# Somebody in class announces that he is the router.
	in_ns box sysctl -qw net.ipv6.conf.br0.accept_ra=2
	announce() {
		# shellcheck disable=SC2016 # perl's
		in_ns pupil1 perl -MSocket=:all -e 'socket(my $s, AF_INET6, SOCK_RAW, 58) or die; setsockopt($s, 41, 18, pack("i", 255)) or die; # IPV6_MULTICAST_HOPS
			open(my $f, "<", "/sys/class/net/eth0/ifindex"); my $at = 0 + <$f>;
			send($s, pack("CCnCCnNN", 134, 0, 0, 64, 0, 1800, 0, 0), 0, pack_sockaddr_in6(0, inet_pton(AF_INET6, "ff02::1"), $at)) or die'
	}
	believed() { announce && [ -n "$(in_ns box ip -6 route show default dev br0)" ]; }
	never 1 believed
	ok $? "who announces in class that he is the router is not believed"
	in_ns box nft insert rule inet wasl_wall input icmpv6 type nd-router-advert accept
	within 10 believed
	ok $? "because of the wall"
else
	for what in neighbour pages ports uplink addresses around router because; do skip "IPv6: $what" "this kernel has no IPv6"; done
fi

# --- a teacher, a technician -------------------------------------------------------------------------
is "$(page teacher http://$hub/), $(page teacher http://$hub:8443/)" "here, here" "a teacher reaches the Internet"
is "$(page teacher http://192.168.1.1/), $(page teacher http://10.30.0.1:22/), $(page teacher http://10.20.0.12/)" "no 7, no 7, no 7" \
	"and not the router's pages, the box's own doors, or the pupils"
is "$(page technician http://10.40.0.1:22/), $(page technician http://192.168.1.1/)" "here, here" "a technician reaches both"

# --- emergencies, and restarts ------------------------------------------------------------------------
told() { WASL_ROOT=$work/root "$B/bin/wasl" --lang en "$@" 2>&1; }
drip() { # drip FOLDER: a teacher's connection that stays until FOLDER/go; FOLDER/end is what became of it
	mkdir -p "$1"
	# shellcheck disable=SC2016 # for the shell in the namespace
	ip netns exec "$(ns teacher)" bash -c 'exec 3<>"/dev/tcp/$0/8443"; printf "GET /" >&3; touch "$1/ready"
		until [ -e "$1/go" ]; do sleep 0.02; done
		printf " HTTP/1.0\r\n\r\n" >&3; tail -n 1 <&3' $hub "$1" >"$1/end" 2>"$1/err" &
	last=$!
	children+=("$last")
	within 10 test -e "$1/ready"
}
drip "$work/kept"
kept=$last
kill_daemon
silent isp http://192.168.1.2:22/
ok $? "the wall stands while the daemon does not"
start_and_wait
within 20 wall_is .standing true
touch "$work/kept/go"
wait "$kept"
is "$(cat "$work/kept/end")" here "a restart keeps the connections through it"

like <(told net open 5) 'open in an emergency.* in 5 min' "an emergency opens it"
is "$(page pupil1 http://$hub:8443/), $(page pupil1 http://192.168.1.1/)" "here, here" "a pupil reaches what the box does"
is "$(page pupil1 http://10.20.0.1:22/), $(page pupil1 http://10.40.0.11/)" "no 7, no 7" "and not the box's other ports, or other zones"
kill_daemon
start_and_wait
within 20 wall_is .emergency open && [ "$(wall .left_s)" -le 300 ]
ok $? "it outlives a kill"
is "$(page pupil1 http://$hub:8443/)" here "in deed"
drip "$work/cut"
cut=$last
is "$(order '{"mode": "closed"}' | jq -r '"\(.emergency) \(.left_s)"')" "closed 14400" "another one closes it"
is "$(page pupil1 http://$hub/), $(page teacher http://$hub/), $(page teacher http://10.30.0.1/)" "no 7, no 7, here" "nobody reaches more than the box's pages"
touch "$work/cut/go"
wait "$cut"
is "$(cat "$work/cut/end")" "" "what was open before ends"
is "$(page technician http://$hub/), $(page technician http://10.40.0.1:22/)" "here, here" "but a technician"
is "$(told status | grep -c 'closed in an emergency')" 1 "and everybody who asks is told"
is "$(told net normal)" "No emergency: everybody reaches what is usual." "it is ended"
is "$(page teacher http://$hub/), $(page pupil1 http://$hub/)" "here, no 7" "and all is as it was"
is "$(order_of www-data '{"mode": "open"}' | jq -r .error), $(order_of daemon '{"mode": "closed"}' | jq -r .error), $(wall .emergency)" "wall.not_you, wall.not_you, none" \
	"a user who is neither root nor a technician orders nothing, whatever he is called"
is "$(order_of nobody '{"mode": "closed", "minutes": 1}' | jq -r .emergency), $(order_of nobody '{"mode": "none"}' | jq -r .emergency)" "closed, none" "a technician does"
is "$(order '{"mode": "ajar"}' | jq -r .error), $(order '{"mode": "open", "minutes": 0}' | jq -r .error)" "wall.question, wall.question" "nonsense is refused"
is "$(ask GET '/v1/events?limit=1000' | jq -r '[.rows[] | select(.kind == "wall.emergency") | .reason] | join(" ")')" "open closed none closed none" "the book has it"

# --- names and addresses, by dnsmasq -------------------------------------------------------------------
front=$work/root/run/wasl/netmgr
if [ "${WASL_LONG:-}" != 1 ]; then
	skip "names and addresses" "make check-long asks a real dnsmasq"
elif command -v dnsmasq >/dev/null; then
	kill -9 "$hears"
	wait "$hears" 2>/dev/null
	mkdir -p "$work/root/run/wasl-dnsmasq"
	knows() { # knows HOST: the provider's resolver says that who.example is there
		[ -z "${resolver:-}" ] || { kill -9 "$resolver" && wait "$resolver" 2>/dev/null; }
		ip netns exec "$(ns isp)" "$B/tests/dns-fake" 192.168.1.1 who.example "$1" >>"$work/dns.log" 2>&1 &
		resolver=$!
		children+=("$resolver")
	}
	knows 41.188.0.10
	ip netns exec "$(ns box)" dnsmasq -k --user=root --pid-file --log-facility=- -C "$front/dnsmasq.conf" 2>"$work/dnsmasq.log" &
	dnsmasq=$!
	children+=("$dnsmasq")
	# shellcheck disable=SC2016 # for the script
	printf '#!/bin/sh\n[ "$1" != bound ] || echo "$ip $subnet $router $dns $lease" >%s\n' "$work/lease" >"$work/on-lease"
	chmod +x "$work/on-lease"
	ip netns exec "$(ns pupil2)" busybox udhcpc -i eth0 -n -q -f -t 20 -T 1 -s "$work/on-lease" >"$work/udhcpc.log" 2>&1 &
	asks=$!
	children+=("$asks")
	name() { # name NAME SERVER: what a pupil is told
		in_ns pupil1 busybox nslookup -type=a "$1" "$2" 2>/dev/null | sed -n '/^Name:/,$s/^Address: //p'
	}
	told_name() { [ "$(name "$1" "$2")" = "$3" ]; }
	within 10 told_name madrasa 10.20.0.1 10.20.0.1 && within 10 told_name madrasa 9.9.9.9 10.20.0.1
	ok $? "the box's pages have a name, whomever a pupil asks for it"
	is "$(name captive.apple.com 10.20.0.1), $(name connectivitycheck.gstatic.com 9.9.9.9)" "10.20.0.1, 10.20.0.1" "so have the hosts that phones ask whether this network leads anywhere"
	is "$(in_ns pupil1 busybox nslookup -type=aaaa captive.apple.com 10.20.0.1 2>/dev/null | grep -c 'Address: .*::')" 0 "in IPv4 alone"
	is "$(cat "$front/dnsmasq.servers")" "server=192.168.1.1@wan0" "other names are asked of the line's resolver, over the line"
	within 10 told_name who.example 10.20.0.1 41.188.0.10
	ok $? "and told"
	knows 10.40.0.1
	provider_says() { in_ns isp busybox nslookup -type=a who.example 192.168.1.1 2>/dev/null | grep -q "Address: $1\$"; }
	within 10 provider_says 10.40.0.1
	ok $? "the provider gives another answer"
	kill -HUP "$dnsmasq" # forgets what it knew
	inside() { in_ns pupil1 busybox nslookup -type=a who.example 10.20.0.1 2>/dev/null >"$work/inside"; ! grep -q 41.188.0.10 "$work/inside"; }
	within 10 inside
	is "$(grep -c 'Address: 10\.40' "$work/inside")" 0 "an answer from outside that leads inside is not passed on"
	wait "$asks"
	like "$work/lease" '^10\.20\.0\.[0-9]+ 255.255.255.0 10.20.0.1 10.20.0.1 600$' "a pupil is given an address, and the box to ask for the rest"
	in_ns box ip link set wan0 down
	nobody_is_asked() { [ -e "$front/dnsmasq.servers" ] && [ ! -s "$front/dnsmasq.servers" ]; }
	within 20 nobody_is_asked
	ok $? "without a line nobody is asked"
	kill -HUP "$dnsmasq"
	within 10 told_name madrasa 10.20.0.1 10.20.0.1
	ok $? "and the box's pages are where they were"
	in_ns box ip link set wan0 up
	within 20 line_is_up
else
	skip "names and addresses" "dnsmasq is not installed"
fi

# --- meddling, and rules that the kernel refuses -------------------------------------------------------
stop_daemon
silent isp http://192.168.1.2:22/
ok $? "a regular end leaves it standing"
in_ns box nft delete table inet wasl_wall
# Somebody else's table of that name, which none but he may touch.
mkfifo "$work/owner"
ip netns exec "$(ns box)" nft -i <"$work/owner" >"$work/owner.log" 2>&1 &
owner=$!
children+=("$owner")
exec 5>"$work/owner"
echo 'add table inet wasl_wall { flags owner; }' >&5
owned() { [ "$(in_ns box nft list tables | grep -c 'inet wasl_wall')" = 1 ]; }
if within 5 owned; then
	start_and_wait
	within 20 wall_is '"\(.standing)"' false && [ -n "$(wall .reason)" ]
	ok $? "rules that the kernel refuses are said to be refused"
	like "$work/netmgrd.log" 'event=wall fault=wall.refused' "in the log, too"
	owned && within 20 line_is_up
	ok $? "what was there stays, and the lines come up"
	is "$(order '{"mode": "open"}' | jq -r .error)" wall.refused "an emergency that cannot be is refused"
	is "$(cat "$work/root/var/lib/wasl/netmgr/emergency")" "none 0" "and not remembered"
else
	skip "rules that the kernel refuses" "this kernel knows no owners of tables"
fi
exec 5>&-
finish
