#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A disk that is full, where nothing may go: bytes pass through memory, and nobody fails. Papers, and a lesson whose film has no room
# either.
# shellcheck source=tests/content/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/content/line.sh
. "$(dirname "$0")/line.sh"

new_box
paper 1000
# --- a disk that is full, and nothing may go ----------------------------------------------------------------
passes() { # passes CLIENTS BYTES: the crowd has it, and the disk has nothing of it
	paper "$2"
	is "$(crowd "$1")" "good $1 busy 0 cut 0 wrong 0" "$1 clients of $2 bytes that the disk has no room for"
	is "$(find "/proc/$contentd_pid/root$content/store/obj" -name "$(cat "$top/id")" | wc -l)" 0 "nothing of it is on the disk"
}
configure "$fast" '[store]\nkeep_free = 0\nmax = 400000\npass = 1M\n'
start_contentd
until_so 10 is_field /v1/lessons .catalogue_version $version
start_portal
until_so 10 named
ok $? "a paper has its address"
passes 60 3000000
tail -c 100000 "$top/$file" >"$top/tail"
is "$(crowd 2 "Range: bytes=2900000-" "$top/tail")" "good 2 busy 0 cut 0 wrong 0" "a range of it, too"
is "$(events store.full)" 1 "told once"
paper 200000
is "$(crowd 3)" "good 3 busy 0 cut 0 wrong 0" "what has room is stored"
stop_contentd TERM
if unshare -rm true 2>/dev/null; then
	end_child "$portal_pid" QUIT
	portal_pid=
	new_box
	mkdir -p "$box/var"
	configure "$fast" '[store]\nkeep_free = 0\n'
	runner=(unshare -rm "$here/in-tmpfs" "$box/var" 3M)
	start_contentd
	until_so 10 is_field /v1/lessons .catalogue_version $version
	portal_runner=(nsenter -t "$contentd_pid" -U --preserve-credentials -m)
	own_line=$user_line
	user_line='user root;' # who it is in there
	start_portal
	user_line=$own_line
	passes 100 12000000
	stop_contentd TERM
	runner=() portal_runner=()
else
	skip "a disk that is really full" "no namespaces of one's own here: a small disk cannot be made"
fi

# --- a lesson whose film has no room, either ------------------------------------------------------------------
[ -z "$portal_pid" ] || end_child "$portal_pid" QUIT
portal_pid=
new_box
if make_lesson; then
	publish 100 Film 1 >"$top/id"
	configure "$fast" '[store]\nkeep_free = 0\nmax = 20000\n'
	start_contentd
	until_so 10 is_field /v1/lessons .catalogue_version 100
	start_portal
	until_so 10 curl -sf -o /dev/null "$portal/m/fractions-1/master.m3u8"
	get /m/fractions-1/master.m3u8 >"$top/out"
	rung=/m/fractions-1/$(sed -nE 's|^(g-[0-9a-f]+/240p)/.*|\1|p' "$top/body")
	: >"$top/film"
	for part in init.mp4 1.m4s 3.m4s; do
		is "$(get "$rung/$part")" 200 "$part is made of what passes by, and passed on"
		cat "$top/body" >>"$top/film"
	done
	ffmpeg -v error -i "$top/film" -f null - >"$top/out" 2>&1 && [ ! -s "$top/out" ]
	ok $? "and plays"
	is "$(find "$content/store/obj" "$content/store/rend" -size +64k | wc -l)" 0 "nothing of it is on the disk"
	stop_contentd TERM
else
	skip "a lesson on a full disk" "no film could be made here"
fi
done_testing
