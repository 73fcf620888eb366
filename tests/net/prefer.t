#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # many functions are only called by "within"
# Classes of traffic that a line does not carry, and a quota that is used up: what takes another line, what is refused at once, and
# what gets through. On a real kernel, between network namespaces made here. WASL_LONG=1: spare lines, too.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/net/lib.sh
. tests/net/lib.sh

[ "$(id -u)" -eq 0 ] || skip_all "needs root for network namespaces"
need ip nft nginx curl jq perl
make_namespaces box isp0 isp1 pupil
need_nat box

hub=203.0.113.10
for i in 0 1; do
	router=192.168.$((i + 1)).1
	lay_line $i isp$i $router
	never_resets isp$i
	for far in $hub 203.0.113.20 203.0.113.30; do in_ns isp$i ip addr add "$far/32" dev lo; done
	start_nginx isp$i isp$i <<-END
		server { listen $hub:80; client_header_timeout 600; location = /who { return 200 "isp$i\n"; } location = /more { limit_rate 1m; } }
	END
	head -c 2000000 /dev/zero >"$work/www-isp$i/some"
	truncate -s 20000000 "$work/www-isp$i/more"
	in_background isp$i dns$i "$B/tests/dns-fake" $router who.example "10.0.0.$i"
done
in_ns box ip link set lo up
seat_pupil

mkdir -p "$work/root/etc/wasl"
configure() { # configure [LINE_OF_THE_FIRST…]
	cat >"$work/root/etc/wasl/profile.conf" <<-END
		[net]
		far_a = 203.0.113.20
		far_b = 203.0.113.30
		retry_s = 1
		hold_s = 1
		dwell_s = 0
		[uplink dsl]
		kind = dsl
		device = wan0
		address = 192.168.1.2/24
		gateway = 192.168.1.1
		resolver = 192.168.1.1
		preference = 10
		$(printf '%s\n' "$@")
		[uplink fibre]
		kind = fibre
		device = wan1
		address = 192.168.2.2/24
		gateway = 192.168.2.1
		resolver = 192.168.2.1
		preference = 20
	END
}
takes() { ask GET /v1/uplinks | jq -r '"\(.preferred): \(.classes.control) \(.classes.live) \(.classes.browsing) \(.classes.sync)"'; }
takes_so() { [ "$(takes)" = "$1" ]; }
dsl() { ask GET /v1/uplinks | jq -r ".uplinks[0] | $1"; }
state_is() { [ "$(ask GET /v1/uplinks | jq -r ".uplinks[$1].state")" = "$2" ]; }

# Asks who answers, with packets that say TOS of themselves. With a FOLDER the second half of the question waits for FOLDER/go.
# What hangs is given up after eight seconds; nobody else in this test takes so long to fail.
cat >"$work/ask.pl" <<'END'
use Socket; use POSIX ":errno_h";
my ($host, $tos, $folder) = @ARGV;
sub ends { print "$_[0]\n"; exit }
$SIG{PIPE} = "IGNORE"; $SIG{ALRM} = sub { ends("hangs") };
socket(my $s, PF_INET, SOCK_STREAM, 0) or die;
setsockopt($s, 0, 1, pack("i", $tos)) or die; # IPPROTO_IP, IP_TOS
alarm 8;
connect($s, sockaddr_in(80, inet_aton($host))) or ends($! == ETIMEDOUT ? "hangs" : "refused");
if ($folder) {
	syswrite($s, "GET /who HTTP/1.0\r\n");
	open my $f, ">", "$folder/ready"; close $f;
	alarm 0; until (-e "$folder/go") { select undef, undef, undef, 0.02 } alarm 8;
} else {
	syswrite($s, "GET /who HTTP/1.0\r\n");
}
syswrite($s, "\r\n") or ends("reset");
my ($all, $n) = "";
while ($n = sysread($s, my $some, 1000)) { $all .= $some }
ends(defined $n && $all =~ /\r\n\r\n(isp\d)/ ? $1 : "reset");
END
who() { in_ns "$1" perl "$work/ask.pl" $hub "$2"; } # who NAMESPACE TOS
later() { # later NAMESPACE TOS FOLDER: answers in FOLDER/end
	mkdir "$work/$3"
	in_ns "$1" perl "$work/ask.pl" $hub "$2" "$work/$3" >"$work/$3/end" &
	children+=($!)
	within 10 test -e "$work/$3/ready"
}
end_of() { # end_of FOLDER
	touch "$work/$1/go"
	within 12 test -s "$work/$1/end"
	cat "$work/$1/end"
}
page=0 sync=32 report=192 live=136

# --- a class that a line does not carry ----------------------------------------------------------------
configure "never = sync, live 00:00-24:00"
start_daemon
within 20 takes_so "dsl: dsl fibre dsl fibre"
ok $? "what the preferred line does not carry takes the other one"
is "$(dsl '"\(.sync) \(.barred | join(" "))"')" "never live sync" "and the status says so"
is "$(who box $sync) $(who box $live) $(who box $page) $(who box $report)" "isp1 isp1 isp0 isp0" "the box's own connections go that way"
is "$(who pupil $sync) $(who pupil $page)" "isp1 isp0" "a pupil's too"
# The box's own download, of which its line is known afterwards.
ip netns exec "$(ns box)" curl -s -m 60 -o "$work/own-more" http://$hub/more &
own_more=$!
children+=("$own_more")
later box $sync own-sync
later pupil $page page
in_ns isp1 ip link set line1 down
within 20 takes_so "dsl: dsl null dsl null"
ok $? "without the other line it waits"
is "$(end_of own-sync)" reset "a connection of the box that was on it ends at once"
begun=$(now_ms)
is "$(who box $sync) $(who pupil $sync)" "refused refused" "and what is begun is refused, not left hanging"
echo "# both refused within $(($(now_ms) - begun)) ms"
is "$(who box $page) $(who box $report) $(end_of page)" "isp0 isp0 isp0" "while all else goes on"
heard() { [ "$(dsl '.passive.down_kbps // 0')" -ge 1000 ]; }
within 20 heard
ok $? "the line is known by what the box itself brings over it ($(dsl '.passive.down_kbps') kbit/s)"
is "$(ask GET /v1/uplinks | jq -r '.uplinks[1].passive | if . then .down_kbps else 0 end')" 0 "and the other one is not"
kill "$own_more"
wait "$own_more" 2>>"$work/killed"
stop_daemon

# --- a spare line, and one for reports alone -------------------------------------------------------------
if [ -n "${WASL_LONG:-}" ]; then
	configure "spare = sync"
	start_daemon
	within 20 takes_so "dsl: dsl dsl dsl dsl"
	ok $? "a line that is spare for lessons takes them when no other one does"
	in_ns isp1 ip link set line1 up
	within 20 takes_so "dsl: dsl dsl dsl fibre"
	ok $? "and gives them up when there is another"
	is "$(who box $sync) $(who box $page)" "isp1 isp0" "on the wire, too"
	stop_daemon
	in_ns isp1 ip link set line1 down
	configure "never = live browsing sync firmware"
	start_daemon
	within 20 takes_so "dsl: dsl null null null"
	ok $? "a line may be for reports alone"
	is "$(who box $report) $(who box $page) $(who pupil $page)" "isp0 refused refused" "which get through, and nothing else"
	stop_daemon
fi

# --- a quota, used up ------------------------------------------------------------------------------------
configure "quota = 100G"
start_daemon
within 20 takes_so "dsl: dsl dsl dsl dsl"
used_is() { [ "$(dsl '.rx_bytes + .tx_bytes')" -ge "$1" ]; }
before=$(dsl '.rx_bytes + .tx_bytes') # the book goes on over restarts: what came before is in it
in_ns pupil curl -s -o /dev/null http://$hub/some
rests() { # what was carried is counted, and for a second no more comes
	used=$(dsl '.rx_bytes + .tx_bytes')
	[ "$used" -ge $((before + 2000000)) ] && never 1 used_is $((used + 5000))
}
within 20 rests
ok $? "a page's bytes are counted"
stop_daemon
configure "quota = $((used * 100 / 97))"
start_daemon
within 20 takes_so "dsl: dsl dsl dsl null"
ok $? "at 95 % lessons that nobody waits for stay where they are"
is "$(who box $sync) $(who box $live) $(who pupil $page)" "refused isp0 isp0" "and people go on"
later box $report own-report
later box $page own-page
later pupil $page pupil-page
in_ns pupil curl -s -m 30 -o "$work/more" http://$hub/more
is $? 56 "a download that uses it up is cut"
within 20 takes_so "null: dsl null null null" && within 20 state_is 0 capped
ok $? "then the line carries reports alone"
size=$(stat -c %s "$work/more")
[ "$size" -lt 20000000 ]
ok $? "($size bytes of 20000000 came)"
is "$(end_of own-report) $(end_of own-page) $(end_of pupil-page)" "isp0 reset reset" "those that had begun go on, and nobody else"
is "$(who box $report) $(who box $page) $(who box $live) $(who pupil $page)" "isp0 refused refused refused" "as do new ones"
named() { # the box asks for a name, as its resolver does
	# shellcheck disable=SC2016 # perl's
	in_ns box perl -MSocket -e 'socket(my $s, PF_INET, SOCK_DGRAM, 0) or die; connect($s, sockaddr_in(53, inet_aton("192.168.1.1"))) or die;
		alarm 1; send($s, "\0\1\1\0\0\1\0\0\0\0\0\0\3who\7example\0\0\1\0\1", 0); recv($s, my $got, 512, 0); print unpack("C", substr($got, -1))'
}
within 10 named >"$work/named"
is "$(cat "$work/named")" 0 "the name of the hub is found"
resolver() { sed -n 's/^nameserver //p' "$work/root/run/wasl/netmgr/resolv.conf"; }
resolver_is() { [ "$(resolver)" = "$1" ]; }
within 10 resolver_is 192.168.1.1
is "$(resolver)" 192.168.1.1 "at the line's own resolver"
stop_daemon
start_daemon
within 20 takes_so "null: dsl null null null"
ok $? "started again, it is the same"
is "$(who box $report) $(who pupil $page)" "isp0 refused" "from the first connection on"
in_ns isp1 ip link set line1 up
within 20 takes_so "fibre: fibre fibre fibre fibre"
is "$(who pupil $page) $(who box $report)" "isp1 isp1" "another line takes everything"
stop_daemon
finish
