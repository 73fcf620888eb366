#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # called by name
# A lesson's page in a real browser, on a phone and on a desk, from right to left and from left to right: the small picture above the seek
# bar is the one of that moment, chapters go where they say, captions come and go. WASL_LONG=1 alone: it takes half a minute.
# shellcheck source=tests/content/lib.sh
. "$(dirname "$0")/lib.sh"

if [ -z "${WASL_LONG:-}" ] || ! command -v chromium >/dev/null || ! command -v node >/dev/null || [ ! -d "$B/e2e/node_modules" ]; then
	skip_all "only with WASL_LONG=1, chromium, node and playwright"
fi
mkdir -p "$origin"
# Four slides of 25 s, each in a colour of its own.
slides=() joined=
for n in 0 1 2 3; do
	colours=(0xb02020 0x20a040 0x2040b0 0xc0a020)
	slides+=(-f lavfi -i "color=c=${colours[n]}:s=640x360:r=5:d=25,drawgrid=w=$((40 + n * 30)):h=$((30 + n * 25)):t=3:c=white")
	joined+="[$n]"
done
ffmpeg -v error -y "${slides[@]}" -f lavfi -i sine=f=440:d=100 -filter_complex "${joined}concat=n=4[v]" -map '[v]' -map 4:a -c:v libx264 -preset ultrafast -g 25 -pix_fmt yuv420p -c:a aac "$top/film.mp4"
"$B/bin/wasl-transcoder" mezzanine --straight --in "$top/film.mp4" --out "$top/mezz.mp4" --plan "$top/plan.pb" --poster "$top/poster.jpg" --json "$top/mezz.json" 2>"$top/mezzanine.log"
is "$?:$(jq .straight "$top/mezz.json")" 0:true "a film whose pictures stay as they are"
publish 1 'Fractions' 1 >/dev/null
start_origin
new_box
configure "$fast" "[kitchen]\nrungs = 240p audio\n"
start_contentd
until_so 20 test -s "$content/store/names.idx"
start_portal
until_so 300 grep -q "data-chapters" "$content/portal/ar/l/fractions-1.html"
ok $? "its page has chapters"
status=0
node "$(dirname "$0")/lesson_page.mjs" "$portal" >"$top/seen" 2>"$top/node.log" || status=$?
ok $status "a browser has been through it"
[ $status = 0 ] || sed 's/^/# /' "$top/node.log"
saw() { # saw FILTER NAME
	is "$(jq -c "$1" "$top/seen")" true "$2"
	[ "$(jq -c "$1" "$top/seen")" = true ] || sed 's/^/# /' "$top/seen" "$top/node.log"
}
for way in ar-360 ar-1280 fr-360 fr-1280; do
	saw ".[\"$way\"].peeks == [\"red\", \"green\", \"blue\", \"yellow\"]" "$way: above each moment of the bar stands its picture"
	saw ".[\"$way\"].clocks | (.[0] | startswith(\"0:\")) and (.[3] | startswith(\"1:\"))" "$way: with its time"
	saw ".[\"$way\"].outside == 0" "$way: all of it within the player"
	saw ".[\"$way\"].chapters == 4" "$way: every slide is a chapter"
	saw ".[\"$way\"].chapter_at | . >= 48 and . < 56" "$way: which the player goes to"
	saw ".[\"$way\"].cue | length > 0" "$way: captions that are chosen are shown"
	saw ".[\"$way\"].off == \"\"" "$way: and go again"
	saw ".[\"$way\"].wide == false" "$way: nothing is wider than the page"
done
saw '.errors == []' "without an error"
saw '.axe == []' "axe finds nothing to mend"
done_testing
