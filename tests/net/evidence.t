#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # many functions are only called by "until_so"
# Evidence of a box's lines: wasl-netmgrd-sim, wasl-agentd and the hub make it, and whoever changes it is found out without them.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/net/lib.sh
. tests/net/lib.sh
need nginx curl jq perl b2sum
hub=$work/hub box=$work/root
port=$(free_port)
gate=$(free_port)
key=$work/ministry.key file=$work/e.txt
mkdir -p "$hub/run/wasl" "$box/etc/wasl" "$work/nowhere"
unset LC_ALL LC_MESSAGES LANG

# --- a ministry and a box ----------------------------------------------------------------------------
waslhub() { WASL_ROOT=$hub "$B/bin/waslhub" "$@" >>"$work/waslhub.log" 2>&1; }
wasl() { WASL_ROOT=$box "$B/bin/wasl" --lang en "$@"; }
waslhub init --ministry 'Sample Ministry of Education' && waslhub school import provisioning/hub/sample/schools.csv
ok $? "a ministry"
WASL_ROOT=$hub "$B/bin/waslhub" key show receipt >"$key"
like "$key" '^[0-9a-f]{64}$' "its receipt key"
cp "$hub/var/lib/wasl/hub/root/1" "$box/etc/wasl/root.1"
cat >"$box/etc/wasl/profile.conf" <<-END
	[net]
	check_url = http://127.0.0.1:$gate/v1/check/
	[gate]
	listen = 127.0.0.1:$gate
	target = 127.0.0.1:$port
	[uplink adsl]
	kind = dsl
	preference = 10
	[uplink lte]
	kind = mobile
	preference = 20
	[agent]
	collect_interval = 3600
	seal_interval = 86400
	[hub]
	url = http://127.0.0.1:$port
END
run() { # run ROOT PROGRAM
	in_background - "$2" env -C "$1" WASL_ROOT="$1" "$B/bin/$2"
}
netmgrd_answers() { ask GET /v1/chain | jq -e '.through > 0' >"$work/chain.json"; }
agentd_answers() { wasl --json receipts >"$work/receipts.json" 2>&1; }
later() { # later SECONDS: the manager is killed, and the time that it wakes up in is further on
	kill_daemon
	WASL_CLOCK_OFFSET_S=$1 start_simulated
	until_so 20 further
}
further() { [ "$(ask GET /v1/chain | jq .through)" -gt "$through" ]; }
through_now() { through=$(ask GET /v1/chain | jq .through); }
run "$hub" wasl-hubd
start_nginx - nginx <<END
server { listen 127.0.0.1:$port; location / { proxy_pass http://unix:$hub/run/wasl/hubd.sock:; } }
END
WASL_CLOCK_OFFSET_S=180 start_simulated
until_so 20 netmgrd_answers
run "$box" wasl-agentd
run "$box" wasl-provisiond
until_so 20 agentd_answers
enrols() {
	WASL_ROOT=$box "$B/bin/wasl-stage" enrol --waslhub "$B/bin/waslhub" --wasl "$B/bin/wasl" --hub "$hub" --school TN110012 \
		--gate "http://127.0.0.1:$port" >>"$work/enrol.log" 2>&1
}
until_so 20 enrols
ok $? "a box of it"

# --- minutes, and the ministry's receipts for them ---------------------------------------------------
day() { date -u -d "$1" +%F; }
days() { echo --from "$(day yesterday)" --to "$(day tomorrow)"; }
reported() { wasl report now >"$work/report.out" 2>&1; }
until_so 20 reported
through_now
later 600
until_so 20 reported
through_now
later 1200
# shellcheck disable=SC2046 # words
wasl net evidence $(days) --out "$file" >"$work/out"
ok $? "evidence is written"
like "$work/out" "$file: [0-9]+ lines, [1-9][0-9]* reports, [1-9][0-9]* receipts" "with reports and receipts"
like "$file" '^[0-9]+ 20[0-9-]+T[0-9:]+Z [0-9]+ adsl dsl ([0-9]+ ){4}- 0 0 0 0 [0-9a-f]{16}$' "a minute is a line that a person can read"
check() { # check STATUS FILE ARGUMENT…: far from any box
	local want=$1
	shift
	WASL_ROOT=$work/nowhere "$B/bin/wasl" --lang en net evidence --verify "$@" >"$work/out" 2>"$work/err"
	local got=$?
	[ $got = "$want" ] || { echo "# status $got, wanted $want"; sed 's/^/# /' "$work/out" "$work/err"; return 1; }
}
check 3 "$file" --key "$key"
ok $? "whole, without any daemon; the last minutes are only the box's word"
like "$work/out" "Countersigned by the ministry up to 20[0-9-]+T[0-9:]+Z. What comes after is only the box’s word \(minutes: [0-9]+\)" \
	"and says from when on"
like "$work/out" "school TN110012" "and for which school"
check 3 "$file" --key "$key" --json && [ "$(jq '.own_word_minutes > 0 and .countersigned_lines > 0 and .receipts >= 2 and .lines > .countersigned_lines' "$work/out")" = true ]
ok $? "the same for a program"
wasl net evidence --verify "$file" >"$work/out"
is $? 3 "the box itself has the ministry's roots"
check 3 "$file"
like "$work/out" "No key of the ministry is at hand" "elsewhere it wants a key"
# shellcheck disable=SC2046 # words
until_so 20 reported && wasl net evidence $(days) --out "$work/all.txt" >"$work/out" && through_now
[ "$(awk '$1 == "end" { print $2 }' "$work/all.txt")" -ge "$(awk '$1 == "end" { print $2 }' "$file")" ]
ok $? "one more receipt"
check 3 "$work/all.txt" --key "$hub/var/lib/wasl/hub/root/1"
ok $? "by a root record as well"
like "$work/out" "[0-9]+ of 8640 minutes of these days are in this file" "days that have not been are not there"

# --- anybody can follow the chain --------------------------------------------------------------------
link() { # link HEAD LINE: the head behind the line
	{ printf 'wasl:minutes:1\0' && perl -e 'print pack("H*", shift)' "$1" && printf %s "$2"; } | b2sum -l 256 | cut -d' ' -f1
}
rechain() { # rechain FROM TO: all checks as the lines want them
	local head line
	while IFS= read -r line; do
		case $line in
		begins*) head=${line#begins } ;;
		[0-9]*)
			line=${line% *}
			head=$(link "$head" "$line")
			line="$line ${head:0:16}"
			;;
		esac
		printf '%s\n' "$line"
	done <"$1" >"$2"
}
rechain "$file" "$work/again.txt"
cmp "$file" "$work/again.txt"
ok $? "b2sum makes the same chain"

# --- and nobody can change it ------------------------------------------------------------------------
bad=$work/bad.txt
first=$(grep -n '^[0-9]' "$file" | head -n 1 | cut -d: -f1)
wrong() { # wrong LINE WHAT NAME: of $bad, which must be another than the one that is whole
	! cmp -s "$file" "$bad" && check 4 "$bad" --key "$key"
	ok $? "$3"
	like "$work/err" "line $1: .*$2" "  ... by its line"
}
end=$(wc -l <"$file")
proof=$(grep -n '^proof' "$file" | head -n 1 | cut -d: -f1)
# The gaps of the manager's restarts are unknown, whichever other minutes ended meanwhile.
unknown=$(grep -n '^[0-9].* 0 0 0 60 - ' "$file" | head -n 1 | cut -d: -f1)
sed "${unknown}s/ 0 0 0 60 / 60 0 0 0 /" "$file" >"$bad"
wrong "$unknown" "not what the box wrote" "seconds that were unknown became good ones"
sed "$((first + 3))d" "$file" >"$bad"
wrong $((first + 3)) "are missing" "a minute left out"
sed "$((first + 3))p" "$file" >"$bad"
wrong $((first + 4)) "does not belong here" "a minute twice"
sed "$((first + 1)){h;d};$((first + 2)){G}" "$file" >"$bad"
wrong $((first + 1)) "are missing" "two minutes exchanged"
adsl=$(grep -n '^[0-9].* adsl dsl ' "$file" | head -n 1 | cut -d: -f1)
sed "${adsl}s/adsl dsl/fibre fibre/" "$file" >"$bad"
wrong "$adsl" "not what the box wrote" "another line is to blame"
sed "${unknown}s/ 0 0 0 60 / 60 0 0 0 /" "$file" >"$work/forged.txt"
rechain "$work/forged.txt" "$bad"
wrong "[0-9]+" "was changed after that" "all checks made anew: the ministry's signature holds"
awk '/^receipt/ { kept[++n] = $0 } { all[NR] = $0 } END { for (i = 1; i <= NR; i++) print all[i] ~ /^receipt/ ? kept[n--] : all[i] }' "$file" >"$bad"
wrong "[0-9]+" "not for the report above it" "receipts exchanged"
sed "${proof}d" "$file" >"$bad"
wrong "$proof" "here belongs" "a report left out"
sed "$((end - 2)),${end}d" "$file" >"$bad"
wrong "[0-9]+" "breaks off" "cut short"
awk 'NR == 4 { $3 = (substr($3, 1, 1) == "0" ? "1" : "0") substr($3, 2) } 1' "$file" >"$bad"
wrong 4 "not the keys of the box" "another box's"
grep -v '^receipt' "$file" | sed "s/^\(end .*\) [0-9]*$/\1 0/" >"$bad"
check 3 "$bad" --key "$key"
like "$work/out" "Nothing here is countersigned" "without receipts it is the box's word"
WASL_ROOT=$hub "$B/bin/waslhub" key show enrol >"$work/other.key"
cp "$file" "$bad"
check 4 "$bad" --key "$work/other.key"
like "$work/err" "not signed with the key" "nor with another key"

# --- a piece of the chain is not all of its days -----------------------------------------------------
later 172800
today=$(sed -n "${first}s/^[0-9]* \([0-9-]*\)T.*/\1/p" "$file")
until_so 20 reported && wasl net evidence --from "$today" --out "$work/day.txt" >"$work/out"
check 0 "$work/day.txt" --key "$key"
ok $? "a day that is over is there and countersigned"
like "$work/out" "has countersigned every minute of these days" "and so it is said"
check 0 "$work/day.txt" --key "$key" --json &&
	[ "$(jq '.whole and .minutes == 2880 and .days_minutes == 2880 and .earlier_minutes == 0 and .ahead > 0' "$work/out")" = true ]
ok $? "to a program as well, and that the box's clock was ahead"
piece() { # piece MINUTES NAME: nothing of $bad is wrong, but it is not all of the day
	! cmp -s "$work/day.txt" "$bad" && check 3 "$bad" --key "$key" && grep -Eq "$1 minutes of these days are in this file" "$work/out" &&
		grep -q 'countersigned the minutes of these days that are in this file' "$work/out" && ! grep -q 'every minute' "$work/out"
	ok $? "$2"
}
row=$(sed -n "${first}p" "$work/day.txt")
second=$(link "$(sed -n 's/^begins //p' "$work/day.txt")" "${row% *}")
awk -v row="$first" -v head="$second" '$1 == "begins" { $2 = head } $1 == "end" { $2-- } NR != row' "$work/day.txt" >"$bad"
piece "$((2880 - $(echo "$row" | cut -d' ' -f3))) of 2880" "the first row cut off, with the head behind it"
like "$work/out" "other minutes before the first line here: [1-9]" "  ... there were some before"
receipt=$(grep -n '^receipt' "$work/day.txt" | head -n 1 | cut -d: -f1)
through=$(sed -n "$((receipt - 1))s/^proof //p" "$work/day.txt" | base64 -d | od -An -t u8 -j 108 -N 8)
awk -v through="$((through))" -v receipt="$receipt" '/^[0-9]/ { if ($1 > through) next; rows++ } /^proof/ && NR < receipt { proofs++ }
	/^(proof|receipt)/ && NR > receipt { next } $1 == "end" { $0 = "end " rows " " proofs " 1" } 1' "$work/day.txt" >"$bad"
piece "[0-9]+ of 2880" "cut off at the end, with the later proofs"
sed "s/^days $today/days $(date -u -d "$today - 1 day" +%F)/" "$work/day.txt" >"$bad"
piece "2880 of 5760" "said to be of two days"

# --- what goes wrong ---------------------------------------------------------------------------------
wasl net evidence --from 2020-01-01 --out "$bad" 2>"$work/err"
is $? 1 "no minute of that day"
like "$work/err" "no chained minute from 2020-01-01 to 2020-01-01" "and it is said"
finish
