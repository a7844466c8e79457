// usage: node build.mjs [FOLDER]   -> FOLDER/imveil.js and FOLDER/worker.js (dist unless given), the same bytes every time
import { build } from "esbuild";

await build({
  entryPoints: { imveil: "src/index.ts", worker: "src/worker/worker.ts" },
  outdir: process.argv[2] ?? "dist",
  absWorkingDir: import.meta.dirname,
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "none",
  banner: { js: "// imveil 0.1.0, Apache-2.0; with @noble/hashes, MIT. Built from web/, see docs/web.md" },
});
