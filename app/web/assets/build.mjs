// Builds ../static/vendor from the packages of package-lock.json, the same bytes everywhere:
// one style sheet (USWDS as far as styles.scss uses it), htmx, fonts, an icon sprite, licences,
// and manifest.json with the SHA-256 of each, which a test compares.
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { compile } from "sass";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const USWDS = "node_modules/@uswds/uswds";
const target = process.argv[2] ?? here("../static/vendor");
const ICONS = ["lock", "navigate_next"];

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
const files = [];
const add = (name, from) => {
  const { version, license } = JSON.parse(readFileSync(here(`node_modules/${from}/package.json`)));
  const sha256 = createHash("sha256").update(readFileSync(`${target}/${name}`)).digest("hex");
  files.push({ name, package: from, version, license, sha256 });
};

const { css } = compile(here("styles.scss"), {
  style: "compressed",
  loadPaths: [here(`${USWDS}/packages`)],
  quietDeps: true,
  silenceDeprecations: ["import", "global-builtin", "if-function"],
});
writeFileSync(`${target}/joinder.css`, `${css}\n`);
add("joinder.css", "@uswds/uswds");

// what the sheet asks for beside itself: fonts and pictures, at the same relative place
const asked = [...css.matchAll(/url\("?\.\/([^")]+)"?\)/g)].map((found) => found[1]);
for (const name of [...new Set(asked)].sort()) {
  const from = ["img", "fonts"].map((place) => here(`${USWDS}/dist/${place}/${name}`));
  mkdirSync(dirname(`${target}/${name}`), { recursive: true });
  copyFileSync(from.find(existsSync), `${target}/${name}`);
  add(name, "@uswds/uswds");
}
const symbols = ICONS.map((icon) => {
  const svg = readFileSync(here(`${USWDS}/dist/img/usa-icons/${icon}.svg`), "utf8");
  const body = svg.replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "");
  return `<symbol id="${icon}" viewBox="0 0 24 24">${body}</symbol>`;
});
writeFileSync(
  `${target}/icons.svg`,
  `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`,
);
add("icons.svg", "@uswds/uswds");
copyFileSync(here("node_modules/htmx.org/dist/htmx.min.js"), `${target}/htmx.min.js`);
add("htmx.min.js", "htmx.org");
for (const [name, from, file] of [
  ["LICENSE-uswds.md", "@uswds/uswds", "LICENSE.md"],
  ["LICENSE-htmx.txt", "htmx.org", "LICENSE"],
]) {
  copyFileSync(here(`node_modules/${from}/${file}`), `${target}/${name}`);
  add(name, from);
}
files.sort((a, b) => (a.name < b.name ? -1 : 1));
writeFileSync(`${target}/manifest.json`, `${JSON.stringify({ files }, null, 1)}\n`);
