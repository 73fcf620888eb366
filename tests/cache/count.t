#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # called by name
# Use is counted on the way out, once, whichever worker served it and whatever contentd did meanwhile.
# shellcheck source=tests/cache/lib.sh
. "$(dirname "$0")/lib.sh"

start_feeder
must rendition 240p 4 /m/lesson/g-1/240p/ video/mp4
must rendition audio 4 /m/lesson/g-1/audio/ audio/mp4
for i in 0 1 2 3 4; do
	must segment 240p $i
	must segment audio $i
done
must virtual /m/lesson/download-240p.mp4 240p lesson.mp4
must object paper 7 300000 /m/lesson/files/paper.pdf application/pdf paper.pdf lesson
must fill paper
must object loose 8 70000 /p/loose.bin application/octet-stream
must fill loose
must publish
# The kernel holds little of what a slow reader has not taken.
configure 's|backlog=[0-9]*|& sndbuf=8k|'
start_nginx
ok $? "nginx starts with the module"
until_so 20 state_has 'workers 2'

# fetch AGENT PATH… : one after the other, each on a connection of its own, so that workers take turns
fetch() {
	local agent=$1 path
	shift
	for path; do curl -s -m 10 -A "$agent" -o /dev/null "$url/m/lesson/$path"; done
}
use_is() { [ "$(feed use "$1")" = "$2" ]; }
count_is() { # count_is RUNG WANT NAME
	until_so 20 use_is "$1" "$2"
	is "$(feed use "$1")" "$2" "$3"
}
bytes() { # bytes SEGMENT…: how many they have together
	local sum=0 i
	for i; do sum=$((sum + $(segment_len "$i"))); done
	echo $sum
}
all=$(bytes 1 2 3 4)

# A video player fetches the sound along with the picture, and asks for it first.
for i in 1 2 3 4; do fetch phone-a g-1/audio/$i.m4s g-1/240p/$i.m4s; done
# Another one plays the sound alone.
fetch phone-b g-1/audio/{init.mp4,1.m4s,2.m4s,3.m4s,4.m4s}
# Not use: heads, parts, what is not there.
curl -s -I -o /dev/null "$url/m/lesson/g-1/240p/1.m4s"
curl -s -o /dev/null -A phone-a -r 0-99 "$url/m/lesson/g-1/240p/1.m4s"
fetch phone-a g-1/240p/5.m4s download-240p.mp4
kill -HUP "$nginx" # workers that end hand over what they have
count_is 240p "starts 1 completions 1 devices 1 watched 16000 sent $((all + 100))" "a video counts once, by its picture"
count_is audio "starts 1 completions 1 devices 1 watched 16000 sent $((2 * all + 700))" "sound counts when it is alone; bytes always do"
count_is download "starts 0 completions 0 devices 0 watched 0 sent $((4 + all - 400))" "a download is bytes"

# A document is used once by each device that has all of it, in however many pieces.
until_so 20 state_has 'workers 2'
for part in 0-99999 100000-299999 250000-299999; do curl -s -m 10 -A phone-a -o /dev/null -r $part "$url/m/lesson/files/paper.pdf"; done
fetch phone-b files/paper.pdf
fetch phone-c ../../p/loose.bin
curl -s -m 10 -A phone-c -o /dev/null -r 0-99 "$url/m/lesson/files/paper.pdf"
kill -HUP "$nginx"
count_is file "starts 2 completions 2 devices 2 watched 0 sent $((350000 + 300000 + 100))" "a document counts when its end was delivered"

# The same device after a reload, which keeps the memory that workers share: no new device, no new start.
until_so 20 state_has 'workers 2'
fetch phone-a g-1/240p/1.m4s
fetch phone-c g-1/240p/1.m4s
kill -HUP "$nginx"
count_is 240p "starts 2 completions 1 devices 2 watched 24000 sent $((all + 100 + 2 * $(bytes 1)))" "a reload forgets nobody"

# contentd is away: counts wait. It hears them and dies before they are on disk: they come again, once.
until_so 20 state_has 'workers 2'
all_told() { curl -s "$url/metrics" | grep -qx 'wasl_tally_rows 0'; }
until_so 20 all_told
stop_feeder KILL
fetch phone-d g-1/240p/{1,2}.m4s
start_feeder forgetful
until_so 20 state_has 'workers 2'
must hangup
until_so 20 state_has 'workers 2'
stop_feeder KILL
start_feeder
count_is 240p "starts 1 completions 0 devices 1 watched 8000 sent $(bytes 1 2)" "counts survive contentd's deaths, and are not doubled"

# A worker is killed: what it counted and had not told is told by the next one.
must hangup # what was counted before is told at once after this, and nothing for seconds then
until_so 20 state_has 'workers 2'
until_so 20 all_told
for phone in e f g h; do fetch phone-$phone g-1/audio/{1,2,3,4}.m4s; done
before=$(feed use audio)
for pid in $(workers); do kill -KILL "$pid"; done
is "$before" none "nothing of it was told before"
count_is audio "starts 4 completions 4 devices 4 watched 64000 sent $((4 * all))" "what a killed worker counted is not lost"

# Workers are killed while they serve, again and again: what a phone has received in full is counted.
until_so 20 state_has 'workers 2'
until_so 20 all_told
count_of() { feed use 240p | sed -n 's/.* sent //p' | grep . || echo 0; }
before=$(count_of)
(while [ ! -e "$top/enough" ]; do
	curl -s -m 10 -o /dev/null -w '%{size_download}\n' "$url/m/lesson/g-1/240p/2.m4s"
done >"$top/sizes") &
phone=$!
received() { [ "$(grep -cx "$(segment_len 2)" "$top/sizes")" -ge "$1" ]; }
kills=0
while [ $kills -lt 10 ]; do
	kills=$((kills + 1))
	until_so 20 received $((kills * 10))
	kill -KILL "$(workers | shuf -n 1)" 2>/dev/null
done
until_so 20 received $((kills * 10 + 10))
touch "$top/enough"
wait "$phone"
good=$(grep -cx "$(segment_len 2)" "$top/sizes")
until_so 20 state_has 'workers 2'
must hangup # so that they tell at once
until_so 20 all_told
counted=$((($(count_of) - before) / $(segment_len 2)))
echo "# $good segments received in full while $kills workers were killed, $counted counted"
[ "$counted" -ge $((good - kills)) ] && [ "$counted" -le $((good + kills)) ]
ok $? "but for the one that was being sent at each kill"

# A long reply is under way: what has left of it is counted before it ends.
sent() { feed use download | sed -n 's/.* sent //p' | grep . || echo 0; }
before=$(sent)
perl -MIO::Socket::INET -e '
	my $s = IO::Socket::INET->new(Type => SOCK_STREAM, Proto => "tcp", LocalAddr => "127.0.0.1") or die $!;
	$s->setsockopt(SOL_SOCKET, SO_RCVBUF, 4096);
	$s->connect($ARGV[0], inet_aton("127.0.0.1")) or die $!;
	print $s "GET /m/lesson/download-240p.mp4 HTTP/1.1\r\nHost: x\r\n\r\n";
	sysread $s, my $b, 2048;
	sleep 600;
' "$port" &
long=$!
asked() { curl -s "$url/metrics" | grep -qx 'wasl_requests_total{kind="download"} 2'; }
until_so 10 asked
must hangup # so that they tell at once
more_sent() { [ "$(sent)" -gt "$before" ]; }
until_so 12 more_sent
ok $? "bytes of a reply that lasts are counted while it lasts"
[ "$(sent)" -lt $((before + all - 400)) ]
ok $? "which is not over yet"
kill "$long"
wait "$long" 2>/dev/null

grep -rqaE 'phone-[a-h]|127\.0\.0\.1' "$top/store"
is $? 1 "no agent and no address is anywhere in the store"
finish
