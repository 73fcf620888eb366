#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the kitchen's children may do, and what becomes of a lesson when one of them does not come back.
# shellcheck source=tests/content/media.sh
. "$(dirname "$0")/media.sh"

ffmpeg -v error -nostdin -y -f lavfi -i "testsrc2=s=1280x720:r=25:d=21" -f lavfi -i "sine=f=500:d=21" -c:v libx264 -preset ultrafast -c:a aac "$top/clip.mp4" &&
	mezzanine "$top/clip.mp4" clip
ok $? "a mezzanine to cook from"
segments=$(plan clip '.plan.segments | length')
is "$segments" 4 "it has four segments"

# child_of PID: the first wasl-transcoder that this cook has running behind its walls; waits for it with a deadline
child_of() {
	local end=$((SECONDS + 120)) pid=
	while [ $SECONDS -lt $end ]; do
		read -r pid _ 2>/dev/null <"/proc/$1/task/$1/children"
		if [ -n "$pid" ] && grep -q '^Seccomp:[[:space:]]*2' "/proc/$pid/status" 2>/dev/null; then
			echo "$pid"
			return 0
		fi
		[ -d "/proc/$1" ] || return 1
		sleep 0.005 # who looks without a pause takes the processor from a child that has it last
	done
	return 1
}

# --- walls ---------------------------------------------------------------------------------------------
mkdir -p "$top/walls"
"$cooker" "$transcoder" "$top/clip.mp4" "$top/clip.pb" "$top/walls" idle 720p "memory=$(memory)" workers=1 segment=3 >"$top/walls.log" 2>&1 &
cooking=$!
child=$(child_of $cooking)
ok $? "a child is at work"
kill -STOP "$child" # so that there is time to look
status=$(cat "/proc/$child/status")
is "$(awk '/^NoNewPrivs/ { print $2 }' <<<"$status")" 1 "it can gain no privileges"
is "$(awk '/^Seccomp:/ { print $2 }' <<<"$status")" 2 "a filter of system calls is on"
is "$(awk '/^Cap(Eff|Prm|Inh|Amb)/ { print $2 }' <<<"$status" | sort -u)" 0000000000000000 "it has no capabilities"
missing=$(unshare -n true 2>/dev/null || unshare -Ur -n true 2>/dev/null || echo netns)
if [ -z "$missing" ]; then
	[ "$(readlink "/proc/$child/ns/net")" != "$(readlink /proc/self/ns/net)" ]
	ok $? "its network is not ours"
	is "$(sed 1,2d "/proc/$child/net/dev" | grep -vc 'lo:')" 0 "and is empty"
else
	skip "its network is not ours" "no network namespaces here"
	skip "and is empty" "no network namespaces here"
fi
# Descriptors: null, null, standard error, the socket, the lesson (and a memory file when it is about to answer).
is "$(for fd in "/proc/$child/fd/"*; do readlink "$fd"; done | grep -cvE "^(/dev/null|socket:\[|$top/|pipe:|/memfd:)")" 0 "it holds nothing but what it was given"
is "$(tr '\0' '\n' <"/proc/$child/environ" | wc -c)" 0 "its environment is empty"
if [ "$(memory)" != 0 ]; then
	is "$(awk '/^Max address space/ { print $4 }' "/proc/$child/limits")" "$(memory)" "its memory has a limit"
else
	skip "its memory has a limit" "not with sanitizers"
fi
is "$(awk '/^Max core file size/ { print $5 }' "/proc/$child/limits")" 0 "it leaves no core"
[ "$(awk '/^Max cpu time/ { print $4 }' "/proc/$child/limits")" -gt 0 ]
ok $? "its processor time has a limit"
if command -v chrt >/dev/null; then
	is "$(chrt -p "$child" | sed -n 's/.*policy: //p')" SCHED_IDLE "nobody waits: it runs when nothing else wants to"
else
	skip "nobody waits: it runs when nothing else wants to" "no chrt here"
fi
kill -CONT "$child"
wait $cooking
ok $? "and its segment is made"
grep -q '^walls missing: \(none\|netns\|landlock\|netns,landlock\)$' "$top/walls.log"
ok $? "what the kernel lacks is told"

# The walls stand before the first byte of the lesson is read, and nothing is opened after.
if command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null; then
	mkdir -p "$top/traced"
	ASAN_OPTIONS=detect_leaks=0 strace -f -qq -e trace=pread64,recvmsg,openat,open,socket,connect,execve,seccomp,prctl,landlock_restrict_self -o "$top/trace" \
		"$cooker" "$transcoder" "$top/clip.mp4" "$top/clip.pb" "$top/traced" now 240p,audio segment=2 together >"$top/traced.log" 2>&1
	ok $? "a cook under observation"
	child=$(awk '/execve.*wasl-transcoder.*"worker"/ { print $1; exit }' "$top/trace")
	out=$(awk -v c="$child" '$1 == c && /seccomp\(SECCOMP_SET_MODE_FILTER/ { closed = 1 } $1 == c && /prctl\(PR_SET_SECCOMP/ { closed = 1 }
		$1 == c && /recvmsg\(3/ { told = 1 } # until then it reads its own libraries
		$1 == c && told && /pread64\(/ && !closed { print "read before" } $1 == c && told && /pread64\(/ { n++ }
		$1 == c && closed && /(openat|open|socket|connect|execve)\(/ && !/EACCES/ { print "opened: " $0 }
		END { if (!closed || !n) print "saw nothing: " closed + 0 " " n + 0 }' "$top/trace")
	is "$out" "" "no foreign byte before the walls, no file or socket after"
else
	skip "a cook under observation" "no strace here"
	skip "no foreign byte before the walls, no file or socket after" "no strace here"
fi

# --- a child that does not come back ---------------------------------------------------------------------
mkdir -p "$top/killed"
"$cooker" "$transcoder" "$top/clip.mp4" "$top/clip.pb" "$top/killed" idle 360p "memory=$(memory)" workers=1 >"$top/killed.log" 2>&1 &
cooking=$!
child=$(child_of $cooking) && kill -KILL "$child"
ok $? "a child is killed at work"
wait $cooking
is "$?" 1 "the cook says that something failed"
is "$(grep '^failed ' "$top/killed.log")" "failed kitchen.child: wasl-transcoder ended by signal 9: it ran out of time or memory" "one sentence for one child"
is "$(find "$top/killed/360p" -name '*.m4s' | wc -l)" $((segments - 1)) "the other segments are made"

# A cook that is killed leaves no child behind.
mkdir -p "$top/orphan"
"$cooker" "$transcoder" "$top/clip.mp4" "$top/clip.pb" "$top/orphan" idle 720p workers=1 >/dev/null 2>&1 &
cooking=$!
child=$(child_of $cooking)
disown
kill -KILL $cooking
# shellcheck disable=SC2317 # called by name
child_ended() { [ -n "$child" ] && { [ ! -d "/proc/$child" ] || grep -q '^State:[[:space:]]*Z' "/proc/$child/status"; }; }
until_so 20 child_ended
ok $? "a child ends with its kitchen"

# --- bad bytes ---------------------------------------------------------------------------------------------
spoil() { # spoil NAME FROM LENGTH: a copy of the mezzanine with noise in it
	cp "$top/clip.mp4" "$top/$1.mp4"
	cp "$top/clip.pb" "$top/$1.pb"
	perl -e 'srand 7; print map { chr int rand 256 } 1 .. shift' "$3" | dd of="$top/$1.mp4" bs=65536 seek="$2" oflag=seek_bytes conv=notrunc status=none
}
spoil noise "$(plan clip '.plan.segments[1].byte_from')" "$(plan clip '.plan.segments[1].byte_len')"
cook noise noise 240p now
is "$?" 1 "a segment of noise fails"
is "$(find "$top/noise/240p" -name '*.m4s' -printf '%f\n' | sort | xargs)" "1.m4s 3.m4s 4.m4s" "and no other"
is "$(grep -c '^failed ' "$top/noise.log")" 1 "with one sentence"
spoil index 0 "$(plan clip .plan.head_bytes)"
cook index index 240p now
is "$(grep -c '^failed source.container: ' "$top/index.log")" "$segments" "without an index each segment says so"
head -c "$(plan clip '.plan.segments[2].byte_from')" "$top/clip.mp4" >"$top/short.mp4"
cp "$top/clip.pb" "$top/short.pb"
cook short short 240p now "segment=4"
is "$(sed -n 's/[0-9]* bytes/N bytes/; /^cook-lesson/p' "$top/short.log")" "cook-lesson: order: segment 4 lies outside the file of N bytes" "a segment that has not arrived is not begun"

# --- limits ------------------------------------------------------------------------------------------------
if [ "$(memory)" != 0 ]; then
	mkdir -p "$top/small"
	"$cooker" "$transcoder" "$top/clip.mp4" "$top/clip.pb" "$top/small" now 720p memory=150000000 segment=1 >"$top/small.log" 2>&1
	is "$?" 1 "too little memory is a failure"
	is "$(grep -c '^failed ' "$top/small.log")" 1 "that is told"
else
	skip "too little memory is a failure" "not with sanitizers"
	skip "that is told" "not with sanitizers"
fi
mkdir -p "$top/hurry"
"$cooker" "$transcoder" "$top/clip.mp4" "$top/clip.pb" "$top/hurry" idle 720p,480p,360p,240p cpu=1 segment=3 together >"$top/hurry.log" 2>&1
is "$(grep '^failed ' "$top/hurry.log")" "failed kitchen.child: wasl-transcoder ended by signal 9: it ran out of time or memory" "too little processor time is told"
mkdir -p "$top/none"
"$cooker" "$top/nothing" "$top/clip.mp4" "$top/clip.pb" "$top/none" now 240p >"$top/none.log" 2>&1
is "$(sed -n "s|$top|TOP|; /^cook-lesson/p" "$top/none.log")" "cook-lesson: kitchen: 'TOP/nothing' cannot be started (No such file or directory); reinstall Wasl" "a missing program is told"

# --- what is published ------------------------------------------------------------------------------------
"$transcoder" mezzanine --in "$top/clip.mp4" --out "$top/no/where.mp4" --plan "$top/x.pb" 2>"$top/err"
is "$?" 1 "a folder that is not there"
grep -q "no/where.mp4.part' cannot be written (No such file or directory)" "$top/err"
ok $? "is named"
"$transcoder" mezzanine --in "$top/clip.mp4" 2>/dev/null
is "$?" 2 "too few arguments"
printf 'words\n' >"$top/words.mp4"
"$transcoder" mezzanine --in "$top/words.mp4" --out "$top/words.out.mp4" --plan "$top/words.pb" 2>"$top/err"
is "$?:$(find "$top" -maxdepth 1 -name 'words.out*' -o -maxdepth 1 -name 'words.pb*' | wc -l)" 1:0 "what is no video leaves no file"
"$transcoder" mezzanine --in "$top/clip.mp4" --out "$top/p.mp4" --plan "$top/p.pb" --preset 13 --progress >"$top/progress" 2>/dev/null
is "$?:$(tail -n 1 "$top/progress")" '0:{"done":1.000}' "progress ends with 1"
is "$(jq -s 'map(.done) | . == sort and length > 3' "$top/progress")" true "and only grows"

finish
