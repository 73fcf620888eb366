#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # called by name
# Teachers' pages in a real browser: in with a PIN, a film that goes up while the network breaks and wasl-contentd is killed, its page,
# captions, the class of today; axe on all of them. In short, the pages alone, without the film.
# shellcheck source=tests/content/lib.sh
. "$(dirname "$0")/lib.sh"

if ! command -v chromium >/dev/null || ! command -v node >/dev/null || [ ! -d "$B/e2e/node_modules" ]; then
	skip_all "no chromium, no node or no playwright here"
fi
mkdir -p "$top/stick" "$origin"
printf '1\n00:00:01,000 --> 00:00:02,500\nالسلام عليكم\n' >"$top/one.srt"
if [ -n "${WASL_LONG:-}" ]; then
	# Six megabytes that are quickly made and read: most of it is filler.
	ffmpeg -v error -y -f lavfi -i testsrc2=s=426x240:r=10:d=4 -f lavfi -i sine=f=440:d=4 -c:v libx264 -preset ultrafast -b:v 12M -minrate 12M -maxrate 12M \
		-bufsize 12M -x264-params nal-hrd=cbr -c:a aac "$top/film.mp4"
	cp "$top/film.mp4" "$top/stick/تجربة.mp4"
fi
new_box
mkdir -p "$content/store" "$content/portal"
configure 9 "[staff]\nstick = $top/stick\n[kitchen]\nrungs = 144p audio\n[live physics]\nurl = http://127.0.0.1:9/live.m3u8\nar = الفيزياء\n"
start_contentd
start_portal
until_so 20 test -s "$content/portal/ar/index.html"
pin=$(WASL_ROOT=$box "$B/bin/wasl" --lang en staff add أمينة head | grep -oE '[0-9]{6}')
node "$(dirname "$0")/staff_page.mjs" "$portal" "$pin" "$([ -z "${WASL_LONG:-}" ] || echo "$top/film.mp4")" "$top/one.srt" "$top/kill" >"$top/seen" 2>"$top/node.log" &
node_pid=$!
if [ -n "${WASL_LONG:-}" ]; then
	until_so 60 test -e "$top/kill" # in the middle of the film
	ok $? "a film is on its way"
	stop_contentd KILL
	start_contentd
fi
status=0
wait "$node_pid" || status=$?
ok $status "a browser has been through the pages"
saw() { # saw FILTER NAME
	is "$(jq -c "$1" "$top/seen")" true "$2"
	[ "$(jq -c "$1" "$top/seen")" = true ] || sed 's/^/# /' "$top/seen" "$top/node.log"
}
saw '.wrong == "الاسم أو الرمز غير صحيح. أعيدوا المحاولة."' "a wrong PIN is told in Arabic"
if [ -n "${WASL_LONG:-}" ]; then
	saw '.before > 0 and .before < 60' "wasl-contentd was killed in the middle of the film"
	saw '.again' "the page said that it goes on by itself"
	saw '.pieces_twice == 0' "no piece that was acknowledged went twice"
	saw '.arrived == "أُضيف. يُحضَّر للصف."' "and it arrived"
	saw '.ready == "في الصف"' "it became a lesson"
	saw '.frames > 5' "which plays in the classroom"
	saw '.captions' "captions were added"
	saw '.shelf == "دروس مدرستنا"' "it stands on the school's own shelf"
fi
saw '.wide == []' "no page is wider than a phone"
saw '.errors == []' "without an error"
saw '.axe == []' "axe finds nothing to mend"
done_testing
