#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kill -9 while room is being made, and a disk that is really small: nothing wrong, nothing left behind, nothing lost that was said
# to be there.
# shellcheck source=tests/content/lib.sh disable=SC2317
. "$(dirname "$0")/lib.sh"

wasl() { WASL_ROOT=$box "$B/bin/wasl" --lang en "$@" >"$top/out" 2>&1; }
explain() { sed 's/^/# out: /' "$top/out" 2>/dev/null; tail -n 8 "$top/contentd.log" | sed 's/^/# log: /'; }
path_of() { echo "$content/store/obj/${1:0:2}/$1"; } # path_of ID
evicted() { ask '/v1/events?limit=1000' | jq -r '[.rows[] | select(.kind == "store.evicted")] | length'; }
under_way() { [ "$(evicted)" -gt "$before" ] || gone "$adder"; } # something went, or had not to
objects() { find "$content/store/obj" -type f ! -name '*.*' -printf '%f\n' | sort; }
rows() { # ids that the store has a row of
	objects | while read -r id; do
		wasl --json store why "$id"
		jq -r --arg id "$id" 'select(.things[0].state != "absent" and .things[0].state != "gone") | $id' "$top/out" 2>/dev/null
	done | sort
}
nothing_left_behind() { [ "$(objects)" = "$(rows)" ]; }
mkdir -p "$origin/wasl/v1/root" "$top/docs"
for n in $(seq -w 16); do head -c 75000 /dev/urandom >"$top/docs/doc-$n"; done
ministry papers "$origin" 3 "$top"/docs/doc-* >"$top/ids"
start_origin
configure "$fast" "[store]\nmax = 1300000\n"
new_box
start_contentd
until_so 30 is_field /v1/store/status .complete 16
ok $? "sixteen documents are here"
stop_contentd TERM
export WASL_CLOCK_OFFSET_S=$((3 * 86400))
head -c 1000000 /dev/urandom >"$top/big"
torn=0 kept=0
for round in 1 2 3 4 5 6; do
	start_contentd
	before=$(evicted)
	WASL_ROOT=$box "$B/bin/wasl" store add "$top/big" --path "/p/big-$round" >"$top/added" 2>&1 &
	adder=$!
	until_so 5 under_way
	sleep "0.00$((RANDOM % 9))"
	stop_contentd KILL
	wait "$adder" && added=yes || added=no
	start_contentd
	echo "# round $round: added $added, $(evicted) evicted so far, $(field /v1/store/status .complete) objects"
	wasl store verify --all
	grep -q 'all of it is sound' "$top/out" || torn=$((torn + 1))
	if [ "$added" = yes ]; then
		id=$(field /v1/store/files '.files[0].id')
		cmp -s "$top/big" "$(path_of "$id")" && kept=$((kept + 1))
		wasl store evict "/p/big-$round"
	else
		kept=$((kept + 1))
		# what came of it has no address: nobody can ask for it, and it goes first
		id=$(field /v1/store/files '.files | length')
		[ "$id" = 0 ] || wasl store evict "/p/big-$round"
	fi
	stop_contentd TERM
	WASL_CLOCK_OFFSET_S=$((WASL_CLOCK_OFFSET_S + 86400))
done
is $torn 0 "killed six times in the midst of it: every byte that is kept is sound"
is $kept 6 "and what was said to be there is there"
start_contentd
until_so 10 nothing_left_behind
is "$(objects)" "$(rows)" "no file is left that no row speaks of"
[ "$(field /v1/store/status .bytes)" -le 1300000 ]
ok $? "the limit holds"
stop_contentd TERM

# --- a disk that is really small ---
if unshare -rm true 2>/dev/null; then
	unset WASL_CLOCK_OFFSET_S
	new_box
	mkdir -p "$box/var"
	configure "$fast" '[store]\nkeep_free = 0\n'
	runner=(unshare -rm "$here/in-tmpfs" "$box/var" 6M)
	start_contentd
	inside() { nsenter -t "$contentd_pid" -U --preserve-credentials -m "$@"; }
	room() { field /v1/store/status .room_bytes; }
	all_written() { # their pages and the index, too, which take most of a small disk
		local was
		was=$(room)
		inside test -s "$content/store/names.idx.spare" && inside test -s "$content/portal/ar/index.html" && sleep 1 && [ "$(room)" = "$was" ]
	}
	until_so 30 is_field /v1/store/status .complete 16
	ok $? "sixteen documents on a small disk"
	until_so 30 all_written
	stop_files=$(room)
	head -c "$((stop_files - 100000))" /dev/urandom >"$top/large"
	wasl store add "$top/large" --path /p/large
	is $? 0 "a file that fills it"
	head -c 400000 /dev/urandom >"$top/more"
	wasl store add "$top/more" --path /p/more
	is $? 1 "one more finds no room: everything was used a moment ago"
	like "$top/out" 'do not fit' "which is said"
	is "$(evicted)" 0 "and nothing went in vain"
	wasl store evict /p/large
	is $? 0 "the large one goes by hand"
	wasl store add "$top/more" --path /p/more
	is $? 0 "then there is room"
	stop_contentd TERM
else
	skip "a disk that is really small" "no namespaces of one's own here: a small disk cannot be made"
fi
done_testing
