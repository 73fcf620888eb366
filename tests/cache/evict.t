#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The order of eviction on a small invented school (make bench-evict plays whole ones): what can be made again goes first,
# so less crosses the line than by age alone.
set -uo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$B/tests/evict-bench" "$dir/out.json" quick >"$dir/table"
is $? 0 "a school is played"
like "$dir/table" '8 GB classes \+ LRU' "a table is written"
figure() { jq ".stores.\"8_gb\".$1.line_mb" "$dir/out.json"; }
[ "$(figure product)" -gt 0 ] && [ "$(figure product)" -lt "$(figure plain_lru)" ]
ok $? "less over the line than by age alone: $(figure product) of $(figure plain_lru) MB"
[ "$(figure product)" -le "$(($(figure classes_s3fifo) * 21 / 20))" ]
ok $? "and no more than S3-FIFO and a twentieth: $(figure classes_s3fifo) MB"
finish
