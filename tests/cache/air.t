#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # called by name
# Crowd control in a real nginx: the more players a classroom has, the smaller the largest picture that it is offered.
# shellcheck source=tests/cache/lib.sh
. "$(dirname "$0")/lib.sh"

start_feeder
must rendition 240p 4 /m/lesson/g-1/240p/ video/mp4
for i in 0 1 2 3 4; do must segment 240p $i; done
must text /m/lesson/master.m3u8 '#EXTM3U|#up-to-480p|'
must text /cap/360p/m/lesson/master.m3u8 '#EXTM3U|#up-to-360p|'
must text /cap/240p/m/lesson/master.m3u8 '#EXTM3U|#up-to-240p|'
must text /air/m/lesson/master.m3u8 '240p+344|360p+624|480p+1064|'
must text /m/lesson/captions-ar.m3u8 '#EXTM3U|'
# 8000 less the reserve is 6800: 480p for 6 players, 360p for 10.
must text /air 'main+8000+-|lab+8000+127.0.2.0/24|nat+8000+127.0.3.0/24|'
must publish
configure
start_nginx
ok $? "nginx starts with the module"
until_so 20 state_has 'workers 2'
value() { curl -s -m 10 "$url/metrics" | awk -v name="$1" '$1 == name { print $2 }'; }
shows() { [ "$(value "$1")" = "$2" ]; }

# offer N [CURL ARGUMENTS…]: what the phone N of the classroom is offered
offer() {
	local phone=$1
	shift
	get /m/lesson/master.m3u8 --interface "127.0.1.$phone" "$@" >"$top/code"
	sed -n 's/^#up-to-//p' "$top/body"
}
# Workers read the plan with their next tick.
watched() { get /m/lesson/master.m3u8 --interface 127.0.2.99 >/dev/null && [ "$(header Cache-Control)" = no-cache ]; }
watched_by_all() { for _ in 1 2 3 4 5 6 7 8; do watched || return 1; done; }
until_so 20 watched_by_all
ok $? "the air is watched"

is "$(offer 1)" 480p "a pupil alone is offered everything"
full=$(header ETag)
is "$(header Cache-Control)" no-cache "to be asked for each time"
is "$(header Last-Modified)" "" "without a date"
is "$(cat "$top/code") $(offer 1 -H "If-None-Match: $full" >/dev/null; cat "$top/code")" "200 304" "unchanged while nobody else comes"

for phone in {2..30}; do offer "$phone"; done >"$top/offers"
is "$(sort -r "$top/offers" | uniq | tr '\n' ' ')" "480p 360p 240p " "a class comes: less and less for each"
sort -cr "$top/offers"
ok $? "and never more again meanwhile"
is "$(tail -n 20 "$top/offers" | uniq)" 240p "those of a whole class get the smallest"
is "$(offer 1 -H "If-None-Match: $full") $(cat "$top/code")" "240p 200" "who has the other list gets the new one"
capped=$(header ETag)
[ "$capped" != "$full" ]
ok $? "which has a tag of its own"
is "$(header Cache-Control)" no-cache "to be asked for each time"
offer 1 -H "If-None-Match: $capped" >/dev/null
is "$(cat "$top/code") $(header ETag)" "304 $capped" "unchanged by its own tag"
offer 1 -H "If-Modified-Since: Fri, 31 Dec 2099 23:59:59 GMT" >/dev/null
is "$(cat "$top/code")" 200 "a date says nothing of lists that take turns"
offer 1 -I >/dev/null
is "$(cat "$top/code") $(header ETag)" "200 $capped" "HEAD says the same"
get /m/lesson/g-1/240p/1.m4s --interface 127.0.1.1 >/dev/null
stream 1001 0 "$(segment_len 1)" | cmp -s - "$top/body"
ok $? "and what it names plays"
is "$(get /m/lesson/captions-ar.m3u8 --interface 127.0.1.1) $(header Cache-Control)" "200 public, max-age=10" "other playlists are as ever"

get /m/lesson/master.m3u8 --interface 127.0.2.1 >/dev/null
is "$(grep -o '480p' "$top/body")" 480p "another classroom has its own air"
for path in /air /air/m/lesson/master.m3u8 /cap/240p/m/lesson/master.m3u8; do
	is "$(get $path)" 404 "no address reaches $path"
done

until_so 10 shows 'wasl_players{room="main"}' 30
is "$(value 'wasl_players{room="main"}') $(value 'wasl_players{room="lab"}')" "30 2" "players are counted by classroom"
share=$(value 'wasl_air_share_kbps{room="main"}')
[ "$share" -le $((6800 / 30)) ] && [ "$share" -ge $((6800 / 60)) ]
ok $? "what one may take: $share kbit/s"
[ "$(value 'wasl_masters_total{offer="capped"}')" -gt 20 ]
ok $? "capped offers are counted"

# Phones of one model behind one address that translates: their connections tell how many they are.
perl -MIO::Socket::INET -e '
	my ($port) = @ARGV;
	my @lines;
	for (1 .. 60) {
		my $s = IO::Socket::INET->new(LocalAddr => "127.0.3.1", PeerAddr => "127.0.0.1", PeerPort => $port) or die $!;
		print $s "GET /m/lesson/g-1/240p/1.m4s HTTP/1.1\r\nHost: x\r\nUser-Agent: tablet\r\n\r\n";
		push @lines, $s;
	}
	for my $s (@lines) { my $got = 0; while ($got < 21001 and sysread($s, my $b, 65536)) { $got += length $b } }
	sleep 600;
' "$port" &
tablets=$!
until_so 10 shows 'wasl_players{room="nat"}' 30
is "$(value 'wasl_players{room="nat"}')" 30 "sixty connections of one device are thirty players"
kill "$tablets" 2>/dev/null
wait "$tablets" 2>/dev/null
until_so 10 shows 'wasl_players{room="nat"}' 1
is "$(value 'wasl_players{room="nat"}')" 1 "and when they are closed, one"
# Another plan, without this classroom.
must text /air 'main+8000+127.0.4.0/24|'
must publish
unwatched() { get /m/lesson/master.m3u8 --interface 127.0.2.99 >/dev/null && [ "$(header Cache-Control)" != no-cache ]; }
unwatched_by_all() { for _ in 1 2 3 4 5 6 7 8; do unwatched || return 1; done; }
until_so 20 unwatched_by_all
ok $? "a new plan is known at once"
[ -n "$(header Last-Modified)" ]
ok $? "where nobody watches, lists have dates"

grep -rqaE '127\.0\.[1-3]\.' "$top/store" --include='*.db*'
is $? 1 "no address is anywhere in the store"
finish
