// usage: node build.mjs [FOLDER]         -> FOLDER/imveil.js and FOLDER/worker.js (dist unless given)
//        node build.mjs --page FOLDER    -> these and the page; the same bytes every time
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const page = process.argv.includes("--page");
const folder = process.argv.slice(2).find((word) => word !== "--page") ?? "dist";
const here = import.meta.dirname;
const common = {
  outdir: folder,
  absWorkingDir: here,
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "none",
  banner: { js: "// imveil 0.1.0, Apache-2.0. Built from web/, see docs/web.md" },
};
const license = readFileSync(join(here, "node_modules/@noble/hashes/LICENSE"), "utf8").trim();
const noble = { js: `/* Of @noble/hashes:\n${license}\n*/` };

await build({ ...common, entryPoints: { imveil: "src/index.ts" }, footer: noble });
await build({ ...common, entryPoints: { worker: "src/worker/worker.ts" } });
if (page) {
  // The page takes the package as everybody does, from its own file.
  const own = { name: "own", setup: (made) => made.onResolve({ filter: /^imveil$/ }, () => ({ path: "./imveil.js", external: true })) };
  await build({ ...common, entryPoints: { page: "page/page.ts" }, plugins: [own] });
  for (const file of ["index.html", "page.css", "icon.svg"]) copyFileSync(join(here, "page", file), join(folder, file));
}
