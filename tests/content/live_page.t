#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317,SC2119 # called by name
# The page of a live class in a real browser: picture and sound of both kinds of stream, a class that is not on, one that was kept.
# shellcheck source=tests/content/live.sh
. "$(dirname "$0")/live.sh"

if ! command -v chromium >/dev/null || ! command -v node >/dev/null || [ ! -d "$B/e2e/node_modules" ]; then
	skip_all "no chromium, no node or no playwright here"
fi
start_encoder
start_stream
mkdir -p "$origin"
new_box
mkdir -p "$content/store" "$content/portal"
at=http://127.0.0.1:$stream_port
configure 9 "[relay]\nlinger = 5\n[live plain]\nurl = $at/plain/master.m3u8\nar = الفيزياء\n[live apart]\nurl = $at/apart/master.m3u8\n[live later]\nurl = $at/later.m3u8\n"
start_contentd
start_portal
until_so 20 test -s "$content/portal/ar/live/plain.html"
until_so 20 test -s "$stream/apart/master.m3u8"
until_so 20 grep -qs 'voice1\.m4s' "$stream/apart/voice.m3u8" || skip_all "no stream could be made here: $(head -n 1 "$top/encoder.log")"
node "$(dirname "$0")/live_page.mjs" "$portal" "$box/run/wasl" >"$top/seen" 2>"$top/node.log"
ok $? "a browser has looked at the pages"
saw() { # saw FILTER NAME
	is "$(jq -c "$1" "$top/seen")" true "$2"
	[ "$(jq -c "$1" "$top/seen")" = true ] || sed 's/^/# /' "$top/seen" "$top/node.log"
}
for class in plain apart; do
	saw ".$class | .seconds > 1 and .frames > 5 and .sound > 1000" "$class: picture and sound play"
	saw ".$class.air == \"مباشر الآن\"" "$class: the page says that it is live, in Arabic"
done
saw ".plain.errors + .apart.errors == []" "without an error"
saw '.later | .state == "off" and (.card | test("^لا شيء مباشر الآن")) and (.button | not)' "a class that is not on says so, and has nothing to press"
saw '.kept | .seconds > 1 and .frames > 5 and .sound > 1000' "what was kept plays as a lesson"
saw '.list == ["plain", "apart", "later"]' "all of them are listed"
saw '.axe == []' "axe finds nothing to mend"
done_testing
