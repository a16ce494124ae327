// Bundles src/ with its libraries and tables into joinder.mjs, the same bytes everywhere.
//
// node build.mjs [TARGET]; beside the target it writes TARGET.sha384, the value of an `integrity`
// attribute (Subresource Integrity).
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const digest = (...names) => {
  const tables = names.map((name) => readFileSync(here(`../identifiers/data/${name}-v1.json`)));
  return JSON.stringify(createHash("sha256").update(Buffer.concat(tables)).digest("hex"));
};

const target = process.argv[2] ?? here("joinder.mjs");
const { outputFiles } = await build({
  absWorkingDir: here("."),
  entryPoints: ["src/index.mjs"],
  bundle: true,
  minify: true,
  format: "esm",
  platform: "browser",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  banner: { js: readFileSync(here("banner.txt"), "utf8").trimEnd() },
  define: {
    NICKNAMES_SHA256: digest("nicknames", "nicknames-es"),
    COMMONNESS_SHA256: digest("commonness"),
  },
  write: false,
});
const [{ contents }] = outputFiles;
writeFileSync(target, contents);
const integrity = createHash("sha384").update(contents).digest("base64");
writeFileSync(`${target}.sha384`, `sha384-${integrity}\n`);
