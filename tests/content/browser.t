#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Segments and downloads in a real browser: its MP4 reader and its media source are not ffmpeg's.
# shellcheck source=tests/content/media.sh
. "$(dirname "$0")/media.sh"

if ! command -v chromium >/dev/null || ! command -v node >/dev/null; then
	skip_all "no chromium or no node here"
fi
ffmpeg -v error -nostdin -y -f lavfi -i "testsrc2=s=1280x720:r=30000/1001:d=21" -f lavfi -i "sine=f=500:d=21" -c:v libx264 -preset ultrafast -c:a aac "$top/clip.mov" &&
	mezzanine "$top/clip.mov" clip && cook clip cooked 240p,480p,audio now together
ok $? "a lesson is cooked"
node "$(dirname "$0")/plays.mjs" "$top/cooked" "$(plan clip '.plan.segments | length')" 21 >"$top/seen"
ok $? "a browser has looked at it"
saw() { # saw FILTER NAME
	is "$(jq -c "$1" "$top/seen")" true "$2"
	[ "$(jq -c "$1" "$top/seen")" = true ] || sed 's/^/# /' "$top/seen"
}
for rung in 240p 480p; do
	saw ".mp4_$rung | .picture and .sound and .duration > 21 and .duration < 21.1" "download-$rung.mp4 plays from the middle, with sound"
	saw ".mse_$rung.ranges | map(length) == [1, 1]" "$rung: segments appended out of order join to one piece each"
	saw ".mse_$rung.ranges | map(.[0][0]) == [0, 0]" "$rung: picture and sound begin at 0"
	saw ".mse_$rung.ranges | [(.[0][0][1] - 21.021), (.[1][0][1] - 21.034667)] | map(. < 0.001 and . > -0.001) | all" "$rung: and end where the plan says"
	saw ".mse_$rung | .frames > 30 and .corrupted == 0 and .sound" "$rung: plays across a seam"
done
saw ".m4a | .sound and .duration > 21 and .duration < 21.1" "audio.m4a plays"
finish
