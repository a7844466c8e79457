/** In Chromium, Firefox and WebKit: all golden vectors in page and worker, pictures as Python reads them, wrapped keys. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { schemes } from "../src/index.js";
import { browser, open, type Page, serve } from "./browsers.js";
import { cases, missing } from "./cases.js";
import { json, pictures, schemeVectors } from "./vectors.js";

const vectors = schemeVectors().filter(({ scheme }) => schemes().includes(scheme));
const made = missing ? null : cases();
const built = mkdtempSync(join(tmpdir(), "imveil-"));
let site: Awaited<ReturnType<typeof serve>>;

beforeAll(async () => {
  expect(spawnSync("node", ["build.mjs", built], { cwd: join(import.meta.dirname, "..") }).status).toBe(0);
  const withPictures = vectors.map((vector) => ({
    ...vector, plain: Buffer.from(pictures(vector.pictures, vector.shape.reduce((a, b) => a * b))).toString("base64"),
  }));
  site = await serve({
    "/imveil.js": readFileSync(join(built, "imveil.js")),
    "/worker.js": readFileSync(join(built, "worker.js")),
    "/inpage.js": readFileSync(join(import.meta.dirname, "inpage.js")),
    "/speed.js": readFileSync(join(import.meta.dirname, "speed.js")),
    "/vectors.json": JSON.stringify(withPictures),
  });
});

afterAll(() => {
  site?.server.close();
  rmSync(built, { recursive: true });
});

describe.each(["chromium", "firefox", "webkit"] as const)("%s", (name) => {
  describe.skipIf(!browser(name))("is here", () => {
    let page: Page;
    beforeAll(async () => void (page = await open(name, site.url)));
    afterAll(() => page?.close());

    test("golden vectors", async () => {
      expect(await page.call("golden")).toEqual({ wrong: [], count: vectors.length });
    });

    test.skipIf(!made)("pictures", async () => {
      expect(await page.call("pictures", made.pictures)).toEqual([]);
    }, 30_000);

    test("wrapped keys", async () => {
      // Argon2id takes seconds, and one engine of JavaScript does it as the others.
      const { wrapped } = json<any>("spec/key.json");
      const tried = wrapped.filter(({ file }: any) => name === "chromium" || file.includes("scrypt"));
      for (const one of tried) expect(await page.call("opened", one)).toBe(one.key);
    }, 30_000);
  });
});

test.skipIf(!browser("chromium"))("plain http is one sentence", async () => {
  const address = site.url.replace("127.0.0.1", "clinic.test");
  const page = await open("chromium", address, ["--host-resolver-rules=MAP clinic.test 127.0.0.1"]);
  expect(await page.call("withoutCrypto")).toMatch(/^Unavailable: this page was opened over plain http.*https/);
  await page.close();
}, 30_000);

test("the package has no address in its lock file, and fits", async () => {
  const lock = readFileSync(join(import.meta.dirname, "../package-lock.json"), "utf8");
  expect(lock).not.toMatch(/"resolved"|https?:/);
  const { gzipSync } = await import("node:zlib");
  const size = (file: string) => gzipSync(readFileSync(join(built, file)), { level: 9 }).length;
  expect(size("imveil.js")).toBeLessThan(60_000);
  expect(size("worker.js")).toBeLessThan(60_000);
});
