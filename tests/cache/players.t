#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317,SC2154 # called by name; what lib.sh set
# Two dozen phones in mid-body while the web server is told to read its configuration again, is replaced by a newer one, and
# loses a worker. A body that is under way goes on; after a death the rest is fetched by range.
# shellcheck source=tests/cache/lib.sh
. "$(dirname "$0")/lib.sh"

size=6000000
stream 1 0 $size >"$top/whole"
stream 1003 0 "$(segment_len 3)" >"$top/seg3"
stream 1004 0 "$(segment_len 4)" >"$top/seg4"
configure 's|^\terror_log .* emerg;|\terror_log '"$run"'/requests.log warn;|'
start_feeder
must object whole 1 $size /p/whole.bin application/octet-stream
for i in $(seq 0 $(((size - 1) / 65536))); do must chunk whole "$i"; done
must rendition 240p 12 /m/lesson/g-1/240p/ video/mp4
must publish
must mode manual 0
start_nginx_daemon
until_so 20 state_has 'workers 2'
ok $? "two workers greet the feeder"

exec 7<>/dev/null
play() { # play PHONES KBPS: until stop_playing
	rm -f "$top/go" && mkfifo "$top/go"
	"$B/tests/cache-players" "$port" /p/whole.bin "$1" "$top/whole" "$2" <"$top/go" >"$top/played" &
	playing=$!
	exec 7>"$top/go"
	until_so 20 grep -q playing "$top/played"
}
stop_playing() {
	echo >&7
	wait $playing
	exec 7>&-
	played=$(tail -n 1 "$top/played")
}
cuts() { sed -n 's/.* cut \([0-9]*\) .*/\1/p' "$top/played"; }
others() { for w in $before; do gone "$w" || return 1; done; } # all workers of before are gone

# --- read your configuration again --------------------------------------------------------------------
play 24 4500
"$B/tests/cache-crowd" "$port" /m/lesson/g-1/240p/3.m4s 20 "$top/seg3" >"$top/crowd" &
waiting=$!
until_so 20 state_has 'open [12]'
before=$(workers | sort)

# A configuration that is wrong changes nothing.
cp "$top/nginx.conf" "$top/good.conf"
echo 'no_such_thing on;' >>"$top/nginx.conf"
kill -HUP "$nginx"
until_so 20 grep -q 'unknown directive "no_such_thing"' "$run/nginx-error.log"
ok $? "a wrong configuration is refused"
cp "$top/good.conf" "$top/nginx.conf"
is "$(workers | sort)" "$before" "the workers stay"

kill -HUP "$nginx"
until_so 20 state_has 'workers 4'
ok $? "a reload in mid-body: new workers beside the old ones"
must segment 240p 3
wait $waiting
is "$(cat "$top/crowd")" "good 20 busy 0 cut 0 wrong 0" "who waited at an old worker is served by it"
until_so 20 others
ok $? "the old ones leave when their bodies are out"
stop_playing
is "$(sed 's/.*cut/cut/; s/again [0-9]* //' <<<"$played")" "cut 0 busy 0 wrong 0 stuck 0" "no body was cut ($played)"

# --- a newer program ----------------------------------------------------------------------------------
play 24 4500
"$B/tests/cache-crowd" "$port" /m/lesson/g-1/240p/4.m4s 20 "$top/seg4" >"$top/crowd" &
waiting=$!
until_so 20 state_has 'open [12]'
before=$(workers | sort)
old=$nginx
kill -USR2 "$old"
other_master() { [ -s "$run/nginx.pid" ] && [ "$(cat "$run/nginx.pid")" != "$old" ] && [ -s "$run/nginx.pid.oldbin" ]; }
until_so 20 other_master
ok $? "a second server starts on the same sockets"
until_so 20 state_has 'workers [45]'
nginx=$(cat "$run/nginx.pid")
kill -QUIT "$old"
must segment 240p 4
wait $waiting
is "$(cat "$top/crowd")" "good 20 busy 0 cut 0 wrong 0" "who waited at the old one is served by it"
until_so 20 others
ok $? "the old one leaves when its bodies are out"
until_so 20 gone "$old"
stop_playing
is "$(sed 's/.*cut/cut/; s/again [0-9]* //' <<<"$played")" "cut 0 busy 0 wrong 0 stuck 0" "no body was cut ($played)"

# --- a worker dies ------------------------------------------------------------------------------------
play 24 4500
before=$(workers | sort)
victim=$(echo "$before" | head -n 1)
kill -9 "$victim"
replaced() { [ "$(worker_count)" = 2 ] && ! workers | grep -qx "$victim"; }
until_so 20 replaced
ok $? "a killed worker is replaced"
stop_playing
is "busy ${played#* busy }" "busy 0 wrong 0 stuck 0" "all play to the end, each byte right ($played)"
[ "$(cuts)" -le 24 ]
ok $? "no phone was cut twice"
! grep . "$run/requests.log"
ok $? "no request is worth a line of the log"
! grep -E 'alert|emerg|crit|\[error\]' "$run/nginx-error.log" | grep -v 'exited on signal 9\|no_such_thing'
ok $? "nor is the server"
finish
