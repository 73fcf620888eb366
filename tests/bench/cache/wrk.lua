-- SPDX-License-Identifier: GPL-2.0-or-later
-- wrk's sums as one line of JSON, after its own words.
done = function(summary, latency)
	local e = summary.errors
	io.write(string.format(
		'{"requests":%d,"us":%d,"bytes":%d,"errors":%d,"p50_us":%d,"p99_us":%d,"max_us":%d}\n',
		summary.requests, summary.duration, summary.bytes,
		e.connect + e.read + e.write + e.status + e.timeout,
		latency:percentile(50), latency:percentile(99), latency.max))
end
