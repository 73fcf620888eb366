#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What people put into the store by hand, and what `wasl store` says of it; no ministry, no catalogue.
# shellcheck source=tests/content/lib.sh
. "$(dirname "$0")/lib.sh"

wasl() { WASL_ROOT=$box "$B/bin/wasl" --lang en "$@" >"$top/out" 2>&1; }
explain() { sed 's/^/# out: /' "$top/out" 2>/dev/null; tail -n 5 "$top/contentd.log" | sed 's/^/# log: /'; }
configure 1
new_box
start_contentd
until_so 5 [ -f "$content/store/names.idx" ]
ok $? "an index is written before there is anything to name"
start_portal

head -c 3000000 /dev/urandom >"$top/film.bin"
wasl store add "$top/film.bin" --path /p/film.bin
is $? 0 "a file gets an address, without any catalogue"
like "$top/out" '^/p/film.bin is ready \(3 MB\)$' "and is told so"
is "$(get /p/film.bin)" 200 "the web server has it at once"
cmp -s "$top/film.bin" "$top/body"
ok $? "byte for byte"
like "$top/head" 'Content-Type: application/octet-stream' "of no known kind"
: >"$top/empty"
wasl store add --path /p/empty.txt "$top/empty"
is "$?$(get /p/empty.txt)$(stat -c %s "$top/body")" 02000 "an empty file"
like "$top/head" 'Content-Type: text/plain; charset=utf-8' "its ending says what it is"
printf 'one' >"$top/one"
wasl store add "$top/one" '--path=/p/درس 1.txt' --type 'text/csv; charset=utf-8'
is "$?$(get '/p/%D8%AF%D8%B1%D8%B3%201.txt')$(cat "$top/body")" 0200one "an Arabic name with a space"
like "$top/head" 'Content-Type: text/csv; charset=utf-8' "the kind that was given"
printf 'another' >"$top/one"
wasl store add "$top/one" --path '/p/درس 1.txt'
is "$(get '/p/%D8%AF%D8%B1%D8%B3%201.txt')$(cat "$top/body")" 200another "another file takes the address over"
wasl store add "$top/film.bin" --path /p/again.bin --json
is "$(jq -r .path "$top/out")" /p/again.bin "the answer as JSON; bytes that are there are not sent again"
wasl store status
like "$top/out" 'Files that the school added: 4' "status counts them"
wasl --json store status
is "$(jq -r .complete "$top/out")" 4 "and their objects"

refused() { # refused STATUS TEXT NAME ARGUMENT…
	local want=$1 text=$2 name=$3
	shift 3
	wasl store "$@"
	is $? "$want" "$name"
	like "$top/out" "$text" "$name: a sentence"
}
refused 2 'needs --path' "no address" add "$top/one"
refused 2 'needs more' "no file" add --path /p/x
refused 2 'is too much' "two files" add "$top/one" "$top/empty" --path /p/x
refused 2 "no command 'fly'" "an unknown command" fly
refused 2 'wrong option' "an unknown option" status --fly
refused 1 'No such file' "a file that is not there" add "$top/none" --path /p/x
refused 1 'no file with bytes' "a folder" add "$top" --path /p/x
refused 1 'write it as /p/NAME' "an address of the ministry's" add "$top/one" --path /m/x/poster.jpg
refused 1 'write it as /p/NAME' "a way out" add "$top/one" --path /p/../m/x
refused 1 'write it as /p/NAME' "a question" add "$top/one" --path '/p/x?y'
refused 1 'keeps itself' "the folder of teachers' films" add "$top/one" --path /p/own/x
mkfifo "$top/fifo"
refused 1 'no file with bytes' "what would never end" add "$top/fifo" --path /p/x
refused 1 'write it as /p/NAME' "only the folder" add "$top/one" --path /p/
refused 1 'at most|more than 512' "too long an address" add "$top/one" --path "/p/$(printf 'a%.0s' {1..600})"
refused 1 'more than 512' "far too long an address" add "$top/one" --path "/p/$(printf 'ط%.0s' {1..600})"
refused 1 "as people read it, without '%'" "an address that is encoded" add "$top/one" --path '/p/a%2fb'
refused 1 'at most 512 bytes' "far too long a name" why "$(printf 'ط%.0s' {1..600})"
refused 1 'no media type' "no media type" add "$top/one" --path /p/x --type 'text/plain
Set-Cookie: a=b'
is "$(get /p/x)" 404 "nothing of these has an address"
is "$(ask "/v1/store/put?id=$(printf '0%.0s' {1..64})&chunk=0" -X POST -o /dev/null -w '%{http_code}')" 404 "a chunk of nothing is refused"

stop_contentd KILL
is "$(get /p/again.bin)" 200 "killed, the files are served"
start_contentd
is "$(get /p/film.bin)" 200 "and after the next start"
cmp -s "$top/film.bin" "$top/body"
ok $? "byte for byte"
wasl store status
like "$top/out" 'Files that the school added: 4' "and they are counted"

head -c 200000 /dev/urandom >"$top/short"
wasl store add "$top/short" --path /p/short.bin
is $? 0 "one more"
body_of() { field /v1/store/files ".files[] | select(.path == \"$1\") | .id" | sed "s|\(..\).*|$content/store/obj/\1/&|"; }
body=$(body_of /p/short.bin)
# A disk spoils store.db, a technician does what the log says: names and bodies come back from beside each other.
stop_contentd TERM
mkdir "$top/spoilt"
mv "$content/store"/store.db* "$top/spoilt/"
truncate -s 100000 "$body"
name=$(grep -laF /p/empty.txt "$content/store/own/"*)
mv "$name" "$top/name"
mkdir "$name"
start_contentd
until_so 20 is_field '/v1/events?limit=1000' '[.rows[] | select(.kind == "store.unread")] | length' 1
ok $? "a name of a file of the school that cannot be read is told"
like "$top/contentd.log" "event=store.unread layer=disk .*until it can be read, or is moved away, nothing" "with what follows"
wasl store status
like "$top/out" 'Files that the school added: 4' "the others are read"
is "$(field '/v1/events?limit=1000' '.rows[] | select(.kind == "store.lost") | "\(.subject) \(.reason)"')" "/p/short.bin disk" "what was cut short is said"
stop_contentd TERM
rmdir "$name"
mv "$top/name" "$name"
start_contentd
is "$(get /p/film.bin)" 200 "store.db is lost, the school's files are not"
cmp -s "$top/film.bin" "$top/body"
ok $? "byte for byte"
is "$(get '/p/%D8%AF%D8%B1%D8%B3%201.txt')" 200 "whatever they are called"
wasl store status
like "$top/out" 'Files that the school added: 5' "they are counted again"
wasl store verify /p/short.bin
is $? 1 "what was cut short is damaged"
like "$top/out" '/p/short.bin is damaged and nobody else has it' "which is said, as long as it is"
is "$(events store.lost)" 1 "and no second time as lost"
wasl store add "$top/short" --path /p/short.bin
is "$?$(get /p/short.bin)" 0200 "added again it is there"
cmp -s "$top/short" "$top/body"
ok $? "byte for byte"

# Nobody is there to do what a log says.
stop_contentd TERM
head -c 5000 /dev/urandom | dd of="$content/store/store.db" conv=notrunc status=none
start_contentd
is "$(get /p/short.bin)" 200 "store.db is damaged: it is set aside"
until_so 20 is_field '/v1/events?limit=1000' '[.rows[] | select(.kind == "store.damaged") | .subject] | join(" ")' store.db
ok $? "which the ministry hears"
wasl store status
like "$top/out" 'Files that the school added: 5' "the school's files keep their names"
like "$top/out" 'The database was damaged on 20' "and who asks is told"
wasl status
like "$top/out" 'The database was damaged on 20' "here, too"
done_testing
