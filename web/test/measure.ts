/** Milliseconds in Node and in the browsers that are here, as JSON: measure SIDE ROUNDS FOLDER [ENGINE ...], FOLDER being the build. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { browser, open, serve } from "./browsers.js";

const [side, rounds] = process.argv.slice(2, 4).map(Number);
const folder = process.argv[4];
const wanted = process.argv.slice(5);
const asked = (engine: string): boolean => !wanted.length || wanted.includes(engine);
const here = (file: string): Buffer => readFileSync(join("test", file)); // run in web/
const wrapped = JSON.parse(readFileSync("../vectors/spec/key.json", "utf8")).wrapped;

type Call = (name: string, ...args: unknown[]) => Promise<any>;

async function measured(call: Call): Promise<unknown> {
  const schemes: Record<string, unknown> = {};
  for (const id of await call("schemes")) schemes[id] = await call("speed", id, side, rounds);
  const opening: Record<string, unknown> = {};
  for (const one of wrapped) opening[/wrapped (.*)/.exec(one.file)![1]] = await call("opening", one, 3);
  return { schemes, opening };
}

const found: Record<string, unknown> = {};
const imveil = await import(pathToFileURL(join(folder, "imveil.js")).href);
const timing = await import(pathToFileURL(join(process.cwd(), "test/speed.js")).href);
if (asked("node")) {
  found[`Node ${process.versions.node.split(".")[0]}`] = await measured(async (name, ...args) =>
    name === "schemes" ? imveil.schemes() : timing[name](imveil, ...args));
}
const { url, server } = await serve({
  "/imveil.js": readFileSync(join(folder, "imveil.js")), "/worker.js": readFileSync(join(folder, "worker.js")),
  "/inpage.js": here("inpage.js"), "/speed.js": here("speed.js"),
});
for (const name of ["chromium", "firefox", "webkit"] as const) {
  if (!asked(name) || !browser(name)) continue;
  const page = await open(name, url);
  const agent: string = await page.call("agent");
  const version = agent.match(/(?:Firefox|Chrome)\/(\d+)/)?.[1] ?? "";
  found[`${{ chromium: "Chromium", firefox: "Firefox", webkit: "WebKit" }[name]} ${version}`.trim()] = await measured(page.call);
  await page.close();
}
server.close();
console.log(JSON.stringify(found));
