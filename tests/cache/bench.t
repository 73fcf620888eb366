#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The benchmark's own tools: the client sees wrong and short bodies, the line keeps its rate and its count, the figures are
# what they say, and every figure of a short run is there. What a cache costs is `make bench-cache`'s to say.
set -uo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
house=$(cd "$(dirname "$0")/../.." && pwd)
top=$(mktemp -d)
line_pid=
# shellcheck disable=SC2317 # called by ok
explain() { [ ! -f "$top/log" ] || tail -n 20 "$top/log" | sed 's/^/# /'; }
# shellcheck disable=SC2317 # called by the trap
cleanup() {
	exec 8>&- 9<&-
	[ -z "$line_pid" ] || kill "$line_pid" 2>/dev/null
	rm -rf "$top"
}
trap cleanup EXIT

# --- the line and the crowd --------------------------------------------------------------------------
mkdir "$top/origin"
"$B/tests/cache-feeder" bytes 1 0 500000 >"$top/origin/body"
{ head -c 499999 "$top/origin/body"; printf x; } >"$top/other"
head -c 400000 "$top/origin/body" >"$top/shorter"
port=$(free_port)
mkfifo "$top/in" "$top/out"
"$B/tests/bench-line" "$port" "$top/origin" <"$top/in" >"$top/out" &
line_pid=$!
exec 8>"$top/in" 9<"$top/out"
tell() { # tell COMMAND: its line of JSON in $state
	echo "$*" >&8
	read -r -t 10 state <&9
}
crowd() { "$B/tests/bench-client" crowd "$port" /body "$1" "$2" "${3:-10}" "${4:-1}" | tail -n 1 >"$top/crowd"; } # crowd COUNT FILE [SECONDS [PROCESSES]]
saw() { jq -r "$1" "$top/crowd"; }

tell state
crowd 20 "$top/origin/body"
is "$(saw '[.good, .wrong, .cut] | join(" ")')" "20 0 0" "twenty clients get every byte"
tell state
is "$(jq .bytes <<<"$state")" 10000000 "and the line has counted each"
crowd 21 "$top/origin/body" 10 2
is "$(saw '[.good, .wrong, .cut, .bytes] | join(" ")')" "21 0 0 10500000" "and so do more, looked after by two processes"
crowd 3 "$top/other"
is "$(saw .wrong)" 3 "one byte that differs is seen"
crowd 3 "$top/shorter"
is "$(saw .wrong)" 3 "a body that is too long is wrong"
tell cuts 1 200000 0
crowd 1 "$top/origin/body"
is "$(saw '[.good, .wrong, .cut] | join(" ")')" "0 0 1" "a body that is cut is called cut"
tell reset
tell rate 1000000
began=$(date +%s%3N)
crowd 2 "$top/origin/body"
took=$(($(date +%s%3N) - began))
[ $took -ge 900 ] && [ $took -lt 8000 ]
ok $? "two bodies of 500 KB share a line of 1 MB/s ($took ms)"
tell gate shut
crowd 1 "$top/origin/body" 0.2
is "$(saw '[.open, .bytes] | join(" ")')" "1 0" "a shut line carries nothing"
tell gate open
tell rate 0
is "$("$B/tests/bench-client" load "$port" /body 4 0.3 | jq '.errors == 0 and .requests > 10 and .bytes == .requests * 500000 and .ms.p50 > 0')" true "asked again and again, every answer counts"
is "$("$B/tests/bench-client" load "$port" /body 4 0.5 100 | jq '.errors == 0 and .requests >= 5 and .requests <= 51')" true "at a hundred a second, no more"
printf '/body %s\n' "$top/origin/body" "$top/other" >"$top/list"
is "$("$B/tests/bench-client" players "$port" "$top/list" 0.3 100000 | jq '[.served, .pieces, .wrong, .bytes] | join(" ")')" '"2 10 1 1000000"' "players read in pieces, to the end, and see what is wrong"

# --- figures ----------------------------------------------------------------------------------------
cat >"$top/stats.mjs" <<END
import { chance, figure, quantile, ratios, shuffle } from '$house/tests/bench/cache/stats.mjs'
const list = Array.from({ length: 15 }, (_, i) => 1 + i / 100)
const one = figure(list, chance(7)), two = figure(list, chance(7)), flat = figure([3, 3, 3], chance(1))
console.log(JSON.stringify([one.value, one.n, one.ci_low < one.value && one.value < one.ci_high, one.ci_low >= 1 && one.ci_high <= 1.14,
	JSON.stringify(one) === JSON.stringify(two), flat.ci_low, quantile([1, 2, 3, 4], 0.5), ratios([6, 9], [2, 3]).join(),
	shuffle([1, 2, 3, 4, 5], chance(3)).join() === shuffle([1, 2, 3, 4, 5], chance(3)).join(),
	[...shuffle([1, 2, 3, 4, 5], chance(3))].sort().join()]))
END
is "$(node "$top/stats.mjs")" '[1.07,15,true,true,true,3,2.5,"3,3",true,"1,2,3,4,5"]' "median, interval and order follow from rounds and seed"

# --- a short run ------------------------------------------------------------------------------------
BENCH_SHORT=1 BENCH_ONLY=cold,memory BENCH_PEERS=none node "$house/tests/bench/cache/run.mjs" "$B" "$top/result.json" >"$top/log" 2>&1
ok $? "a short run ends well"
is "$(jq -r '[.cold_origin_ratio, .cold_streams, .cold_ttfb_over_chunk_ms, .cold_ttlb_ratio, .cold_ttlb_ratio_1000, .cold_failed_clients,
	.client_memory_vs_static, .client_memory_vs_static_n, .client_memory_vs_static_ci_low, .client_memory_vs_static_ci_high, .seed] | all(type == "number")' "$top/result.json")" true "every figure is there"
is "$(jq -r '[.cold_failed_clients, .cold_streams, .short, (.machine.load_after | length)] | join(" ")' "$top/result.json")" "0 1 true 3" "everyone had every byte, by one stream"
finish
