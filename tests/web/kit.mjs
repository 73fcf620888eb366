// SPDX-License-Identifier: GPL-2.0-or-later
// What can be checked of pages without opening them: contrast of the tokens, the age of the portal's scripts, left-over words.
import { createRequire } from "node:module";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const top = join(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "../..");
const { parse } = createRequire(join(process.env.B, "e2e") + "/")("acorn");
let count = 0, failed = 0;
function check(name, findings) {
	count++;
	if (findings.length) failed++;
	console.log(`${findings.length ? "not ok" : "ok"} ${count} - ${name}`);
	for (const one of findings) console.log(`# ${one}`);
}

// WCAG 2.2, relative luminance and contrast ratio.
const channel = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
const luminance = (hex) => [0, 2, 4].reduce((sum, at, i) => sum + [0.2126, 0.7152, 0.0722][i] * channel(parseInt(hex.slice(at + 1, at + 3), 16) / 255), 0);
const ratio = (a, b) => { const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };

const css = readFileSync(join(top, "firmware/web/tokens.css"), "utf8");
const themes = [...css.matchAll(/:root \{([^}]*--paper[^}]*)\}/g)].map((m) => Object.fromEntries([...m[1].matchAll(/--([a-z-]+): (#[0-9a-f]{6})/g)].map((v) => [v[1], v[2]])));
const wanted = [["ink", 4.5], ["soft", 4.5], ["accent", 4.5], ["good", 3], ["moderate", 3], ["no", 3], ["unpowered", 3], ["unknown", 3], ["never", 3]];
check("two themes of tokens", themes.length === 2 ? [] : [`found ${themes.length}`]);
themes.forEach((theme, i) => check(`contrast of the ${i ? "dark" : "light"} tokens on paper and sand`, wanted.flatMap(([name, least]) => ["paper", "sand"].flatMap((ground) => {
	const got = ratio(theme[name], theme[ground]);
	return got >= least ? [] : [`${name} ${theme[name]} on ${ground} ${theme[ground]}: ${got.toFixed(2)}, wanted ${least}`];
})).concat(ratio(theme["on-accent"], theme.accent) >= 4.5 ? [] : ["on-accent"])));

// Old phones: Chrome 49 knows ES2015 (without modules), nothing later.
const assets = join(top, "content/portal/assets");
const scripts = readdirSync(assets).filter((name) => name.endsWith(".js"));
check("the portal has scripts to check", scripts.length ? [] : ["none"]);
for (const name of scripts) {
	let finding = [];
	try { parse(readFileSync(join(assets, name), "utf8"), { ecmaVersion: 2015, sourceType: "script" }); } catch (error) { finding = [error.message]; }
	check(`${name} keeps to ES2015`, finding);
}

console.log(`1..${count}`);
process.exit(failed ? 1 : 0);
