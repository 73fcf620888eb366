#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # called by name
# What nginx does without contentd: pages in three languages, probes of phones and computers, friendly refusals.
# shellcheck source=tests/cache/lib.sh
. "$(dirname "$0")/lib.sh"

for lang in ar fr en; do
	mkdir -p "$top/portal/$lang/s" "$top/portal/$lang/l"
	for page in index status help s/mathematics l/fractions; do echo "<p>$lang $page" >"$top/portal/$lang/$page.html"; done
done
mkdir -p "$top/portal/assets" && echo 'body{}' >"$top/portal/assets/portal.css"
configure
start_nginx
ok $? "nginx starts without a store's index and without contentd"

body() { cat "$top/body"; }
is "$(get /) $(body)" "200 <p>ar index" "Arabic first"
is "$(header Content-Type)" "text/html; charset=utf-8" "as UTF-8"
is "$(header Vary)" "Cookie" "caches know that it depends"
is "$(header Set-Cookie)" "" "no cookie unasked"
is "$(get '/?lang=fr') $(body)" "200 <p>fr index" "French by choice"
is "$(header Set-Cookie)" "lang=fr; Path=/; Max-Age=31536000; SameSite=Lax" "the choice is kept"
is "$(get /l/fractions -b lang=fr) $(body)" "200 <p>fr l/fractions" "and holds on the next page"
is "$(get '/status?lang=en' -b lang=fr) $(body)" "200 <p>en status" "a new choice wins"
is "$(get /help -b lang=xx) $(body)" "200 <p>ar help" "a strange cookie is nothing"
is "$(get '/?lang=../fr') $(body)" "200 <p>ar index" "a strange language is nothing"
is "$(header Set-Cookie)" "" "and is not kept"
is "$(get /s/mathematics -b 'a=b; lang=en') $(body)" "200 <p>en s/mathematics" "a subject"
is "$(get /s/nothing)" 404 "a page that is not there"
like "$top/body" 'lang="fr"' "says so, in three languages"
echo '<p>ar gone' >"$top/portal/ar/404.html"
is "$(get /s/nothing) $(body)" "404 <p>ar gone" "with contentd's own page where there is one"
is "$(get /m/lesson/master.m3u8)" 503 "without an index nobody says that a lesson is not there"
is "$(get /assets/portal.css) $(body)" "200 body{}" "assets are shared"
is "$(header Cache-Control)" "public, max-age=31536000, immutable" "and kept"
for path in '/../nginx.conf' '/%2e%2e/nginx.conf' '/assets/..%2f..%2fnginx.conf' '/assets../nginx.conf' '/fr/index'; do
	code=$(get "$path" --path-as-is)
	[ "$code" = 404 ] || [ "$code" = 400 ]
	ok $? "no way out: $path ($code)"
done

get / >/dev/null
like "$top/head" "^Content-Security-Policy: default-src 'self'; .*media-src 'self' blob:" "pages may play what they fetched, and nothing foreign"
like "$top/head" '^X-Content-Type-Options: nosniff' "types are not guessed"
like "$top/head" '^Server: nginx.$' "no version"
is "$(get / -X DELETE)" 405 "other methods are refused"

is "$(get /generate_204)" 204 "Android's probe"
is "$(get /hotspot-detect.html) $(body)" "200 <HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>" "Apple's"
is "$(get /connecttest.txt) $(body)" "200 Microsoft Connect Test" "Microsoft's"
is "$(get /success.txt) $(body)" "200 success" "Firefox's"

is "$(get '/search?q=x') $(header Retry-After)" "503 5" "search without contentd"
like "$top/body" 'lang="en"' "says so, in three languages"
is "$(header Content-Type)" "text/html; charset=utf-8" "as a page"
is "$(get /api/v1/status) $(jq -r .error "$top/body")" "503 content.away" "the API says it in JSON"
perl -MIO::Socket::UNIX -e '
	chdir $ARGV[0];
	my $l = IO::Socket::UNIX->new(Local => "public.sock", Listen => 5) or die;
	chmod 0666, "public.sock";
	while (my $c = $l->accept) {
		my ($head, $line) = ("", "");
		while (defined($line = <$c>) && $line ne "\r\n") { $head .= $line }
		open(my $heard, ">>", "heard") or die; print $heard $head; close $heard;
		my ($path) = $head =~ m{^GET (\S+)};
		my ($lang) = $head =~ m{^X-Wasl-Lang: (\w+)}mi;
		my $text = "$path $lang\n";
		print $c "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: " . length($text) . "\r\n\r\n$text";
		close $c;
	}' "$run" &
answers=$!
up() { [ "$(get '/search?q=x' -b lang=fr)" = 200 ]; }
until_so 20 up
is "$(get '/search?q=a%20b' -b lang=fr) $(body)" "200 /search?q=a%20b fr" "search with contentd, which hears the language"
is "$(get /api/v1/lessons/fractions) $(body)" "200 /api/v1/lessons/fractions ar" "and the API"
rm -f "$run/heard"
is "$(get '/search?q=x' -b lang=fr -X GET -d 'a=b' -H 'X-Odd: 1' -H 'Transfer-Encoding: chunked' -H 'X-Wasl-Lang: xx' -H 'Accept: text/html')" 200 "a question with a body and odd lines"
is "$(sed -n 's/^\([A-Za-z-]*\):.*/\1/p' "$run/heard" | sort | paste -sd' ')" "Accept Host X-Wasl-Lang" "contentd hears what it uses, and nothing more"
like "$run/heard" '^X-Wasl-Lang: fr' "and of the language what the box made of it"
kill $answers
wait $answers 2>/dev/null
is "$(get '/search?q=x')" 503 "gone again"
is "$(get /)" 200 "pages go on"
for _ in $(seq 300); do printf 'url=%s/search?q=whoasks\noutput=/dev/null\n' "$url"; done | curl -s -Z --no-progress-meter -K -
! grep -rE '127\.0\.0\.1|whoasks|search' "$run"/*.log
ok $? "who asked what is in no log, however it went"
finish
