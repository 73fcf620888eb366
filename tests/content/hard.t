#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # called by name
# A teacher's film on a box that is too small for it: the kernel takes its memory, the disk is full at every stage. It is tried again,
# its teacher reads why, other films and the class go on. (The long form alone.)
# shellcheck source=tests/content/lib.sh
. "$(dirname "$0")/lib.sh"
[ -n "${WASL_LONG:-}" ] || skip_all "WASL_LONG=1 tries it"

mkdir -p "$top/stick" "$origin"
film=$top/lesson.mp4
ffmpeg -v error -y -f lavfi -i testsrc2=s=320x180:r=10:d=9 -f lavfi -i sine=f=440:d=9 -c:v libx264 -preset ultrafast -g 20 -b:v 300k -c:a aac "$film"
ffmpeg -v error -y -i "$film" -c copy -metadata title=hungry "$top/hungry.mp4"
# What the kernel does where memory ends, to the child that reads the film of that name: the first times alone.
cat >"$top/transcoder" <<END
#!/bin/bash
if [ "\$1" = mezzanine ] && grep -qa hungry <&3; then
	echo "\${*##*/}" >>"$top/orders"
	[ "\$(wc -l <"$top/orders")" -gt "\$(cat "$top/times")" ] || kill -KILL \$\$
fi
exec "$B/bin/wasl-transcoder" "\$@"
END
chmod 755 "$top/transcoder"
echo 1 >"$top/times"
settings="[staff]\nstick = $top/stick\n[kitchen]\nrungs = 144p audio\nprogram = $top/transcoder\n[store]\nkeep_free = 0\n"
staff() { WASL_ROOT=$box "$B/bin/wasl" --lang en staff "$@"; }
jar=$top/jar
visit() { get "$1" -b "$jar" -c "$jar" "${@:2}"; } # visit PATH [CURL ARGUMENTS…]
body() { jq -r "$1" "$top/body"; }
enter() { # as a new teacher
	local pin
	pin=$(staff add "$1" | grep -oE '[0-9]{6}')
	visit /staff/in --data-urlencode "name=$1" --data-urlencode "pin=$pin" >/dev/null
	visit /staff/ >/dev/null
	mark=$(grep -oE 'name="mark" value="[0-9a-f]{32}"' "$top/body" | head -n 1 | grep -oE '[0-9a-f]{32}')
}
form() { visit "$1" --data-urlencode "mark=$mark" "${@:2}"; }
begin() { # begin NAME SIZE
	visit /staff/upload -H "X-Staff-Token: $mark" -H 'Content-Type: application/json' \
		-d "$(jq -nc --arg f "$1" --argjson s "$2" '{file: $f, size: $s, title_fr: $f, subject: "", grade: "7", language: "fr"}')"
}
piece() { visit "/staff/upload/$1" -X PATCH -H "Upload-Offset: $2" -H "X-Staff-Token: $mark" --data-binary "@$3"; } # piece ID OFFSET FILE
send() { # send FILE: its id in $id
	begin "${1##*/}" "$(stat -c %s "$1")" >/dev/null
	id=$(body .id)
	piece "$id" 0 "$1" >/dev/null
}
lesson() { ask /v1/lessons | jq -r --arg id "$1" ".lessons[] | select(.id == \$id) | $2"; }
whole() { [ "$(lesson "$1" .complete)" = true ]; }
on_page() { visit "/staff/?lang=$1" >/dev/null && grep -q "$2" "$top/body"; } # on_page LANGUAGE WORDS
begin_box() {
	mkdir -p "$content/portal"
	start_contentd
	start_portal
	until_so 20 test -s "/proc/$contentd_pid/root$content/portal/ar/index.html"
	enter Amina
}

# --- memory ends while a film is read ------------------------------------------------------------------------
new_box
configure 9 "$settings"
begin_box
send "$top/hungry.mp4"
hungry=$id
until_so 30 on_page fr 'La mémoire de la box ne suffit pas'
ok $? "its teacher reads that memory was not enough"
on_page ar 'ذاكرة الجهاز لا تكفي'
ok $? "in Arabic, too"
send "$film"
until_so 60 whole "$id"
ok $? "another film does not wait for it"
until_so 90 whole "$hungry"
ok $? "it is tried again by itself, and becomes a lesson"
is "$(sed -n 1p "$top/orders" | grep -c -- --thrifty):$(sed -n 2p "$top/orders" | grep -c -- --thrifty)" 0:1 "with less memory the second time"
not_on_page() { visit "/staff/?lang=$1" >/dev/null && ! grep -q "$2" "$top/body"; }
until_so 60 not_on_page fr 'La mémoire de la box'
ok $? "and nothing is said of it any more"
is "$(events own.refused)" 0 "nothing was refused"

# Each time: it is told in words, after a kill -9 as well.
echo 99 >"$top/times"
send "$top/hungry.mp4"
hungry=$id
until_so 30 on_page fr 'La mémoire de la box ne suffit pas'
stop_contentd TERM
jq --arg id "$hungry" '(.[] | select(.id == $id)).hungry = 4' "$content/staff/list" >"$top/list" # hours go by
cat "$top/list" >"$content/staff/list"
start_contentd
until_so 60 on_page fr 'plus de mémoire que la box n.en a'
ok $? "in the end its teacher is told to export it smaller"
is "$(visit "/staff/lesson/$hungry?lang=ar")" 200 "it can be deleted"
stop_contentd TERM

# --- the box comes late to what is due: it has other things to do ------------------------------------------------
configure 9 "${settings}[kitchen]\nlate = 250\n"
start_contentd
hinder() { # what it should have done meanwhile comes late
	kill -STOP "$contentd_pid"
	sleep 0.6
	kill -CONT "$contentd_pid"
	is_field /v1/status .idle.rests late
}
until_so 120 hinder
ok $? "late again and again, it rests"
send "$film"
until_so 180 whole "$id"
ok $? "and goes on by itself"
stop_contentd TERM
end_child "$portal_pid" QUIT
portal_pid=

# --- the disk is full, at each stage ---------------------------------------------------------------------------
if ! unshare -rm true 2>/dev/null; then
	skip "a disk that is full" "no namespaces of one's own here: a small disk cannot be made"
	done_testing
	exit
fi
echo 0 >"$top/times"
new_box
mkdir -p "$box/var"
runner=(unshare -rm "$here/in-tmpfs" "$box/var" 12M)
own_line=$user_line
user_line='user root;' # who it is in there
configure 9 "$settings"
WASL_ROOT=$box env "${runner[@]}" sleep 600 &
holder=$!
until_so 10 eval "grep -q ' $box/var ' /proc/$holder/mountinfo"
inside() { nsenter -t "$holder" -U --preserve-credentials -m "$@"; }
runner=(nsenter -t "$holder" -U --preserve-credentials -m) portal_runner=("${runner[@]}")
trap 'end_child "$holder" TERM; cleanup' EXIT
fill() { # fill [BYTES]: but for so many
	inside dd if=/dev/zero of="$box/var/filler" bs=4096 status=none 2>/dev/null
	inside truncate -s "-${1:-0}" "$box/var/filler"
}
empty() { inside rm -f "$box/var/filler"; }
begin_box
size=$(stat -c %s "$film")
half=$((size / 2))
head -c $half "$film" >"$top/p1"
tail -c +$((half + 1)) "$film" >"$top/p2"
is "$(begin large.mp4 20000000)" 507 "a film that has no room is refused before a byte has come"
like <(body .words) 'لا مكان' "in words"

# while it comes: what is acknowledged is there, what is missing comes when there is room
is "$(begin lesson.mp4 "$size")" 201 "a film begins to come"
id=$(body .id)
is "$(piece "$id" 0 "$top/p1")/$(body .offset)" "200/$half" "half of it is here"
fill
said=$(piece "$id" $half "$top/p2")
like <(echo "$said") '^(200|507)$' "the disk is full: the rest comes into what was reserved, or is told that there is no room"
is "$(get /staff/in)" 200 "the web server goes on"
stop_contentd KILL
empty
start_contentd
visit "/staff/upload/$id" >/dev/null
have=$(body .offset)
[ "$have" -ge $half ]
ok $? "what was acknowledged is there after a kill -9 ($have of $size)"
until_so 30 eval "visit /staff/upload/$id >/dev/null; [ \"\$(body .state)\" != coming ] || piece $id \$(body .offset) <(tail -c +\$((\$(body .offset) + 1)) '$film') >/dev/null; [ \"\$(body .state)\" != coming ]"
until_so 90 whole "$id"
ok $? "and becomes a lesson"
first=$id
has_page() { [ "$(get "/l/$first")" = 200 ]; }
until_so 60 has_page # while there is room for it

# while it is made: it waits, says so, and goes on when somebody deletes something
begin lesson-2.mp4 "$size" >/dev/null
id=$(body .id)
piece "$id" 0 "$top/p1" >/dev/null
fill 100000 # what is noted has room, what is made has none
piece "$id" $half "$top/p2" >/dev/null
until_so 60 on_page fr 'Il n.y a pas de place sur la box'
ok $? "a film that is made on a full disk waits, and its teacher reads why"
is "$(inside stat -c %s "$content/staff/$id.film")" "$size" "nothing of it is lost"
is "$(get "/l/$first")" 200 "the class has its lessons meanwhile"
told_once() { [ "$(events store.full)" = 1 ]; }
until_so 60 told_once
ok $? "the ministry is told, once"
empty
is "$(form "/staff/lesson/$first" -d do=delete)" 303 "a lesson is deleted"
until_so 90 whole "$id"
ok $? "and it becomes one"
user_line=$own_line
done_testing
