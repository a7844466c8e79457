/** The page, driven in Chromium and looked at; and loaded in Firefox and WebKit. */

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { base32, hex, unbase32, unhex } from "../src/bytes.js";
import { Key, keyBytes, readKey, wrapKey, Kdf, writePng } from "../src/index.js";
import { browser, open } from "./browsers.js";
import { type Seen, stub } from "./stub.js";

const built = mkdtempSync(join(tmpdir(), "imveil-page-"));
const looks = process.env.IMVEIL_LOOKS; // a folder for the pictures of the page
let site: Awaited<ReturnType<typeof stub>>;

beforeAll(async () => {
  expect(spawnSync("node", ["build.mjs", "--page", built], { cwd: join(import.meta.dirname, "..") }).status).toBe(0);
  site = await stub(built);
});

afterAll(() => {
  site?.close();
  rmSync(built, { recursive: true });
});

describe.skipIf(!browser("chromium"))("Chromium", () => {
  let running: Browser;
  beforeAll(async () => {
    running = await chromium.launch({ executablePath: browser("chromium")!, args: [
      "--no-sandbox", "--host-resolver-rules=MAP clinic.test 127.0.0.1", "--use-fake-device-for-media-stream",
      "--use-fake-ui-for-media-stream",
    ] });
  });
  afterAll(() => running?.close());

  async function visit(hash = "", options: Parameters<Browser["newPage"]>[0] = {}): Promise<Page & { said: string[] }> {
    site.seen.length = 0;
    const page = Object.assign(await running.newPage(options), { said: [] as string[] });
    page.on("console", (message) => message.type() === "error" && page.said.push(message.text()));
    page.on("pageerror", (error) => page.said.push(String(error)));
    await page.goto(site.url + hash);
    await caught(page);
    return page;
  }

  const caught = (page: Page) => page.waitForFunction(() => /stub/.test(document.getElementById("attacker-says")!.textContent!));
  const text = (page: Page, id: string) => page.locator(`#${id}`).textContent();
  const pixels = (page: Page, id: string) => page.evaluate((name) => {
    const canvas = document.getElementById(name) as HTMLCanvasElement;
    return Array.from(canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height).data);
  }, id);

  test("nothing of key or pixels leaves the page", async () => {
    const page = await visit("#intercepted=30", { acceptDownloads: true });
    const [file] = await Promise.all([page.waitForEvent("download"), page.click("#save-key")]);
    const key = await readKey(readFileSync((await file.path())!, "utf8"));
    expect(await text(page, "fingerprint")).toBe(await key.fingerprint());
    expect(await text(page, "key-bytes")).toBe("0");
    const rgb = (await pixels(page, "you")).filter((_, i) => i % 4 < 3);
    const plain = Buffer.from(rgb.slice(0, 24));
    expect(site.seen.filter(({ method }) => method === "POST").length).toBeGreaterThan(2);
    for (const { path, headers, body } of site.seen) {
      const all = Buffer.concat([Buffer.from(path + JSON.stringify(headers)), body]);
      expect(keyBytes(all, key), path).toBe(0);
      expect(all.includes(plain), path).toBe(false);
    }
    expect(page.url()).toContain("intercepted=30");
    expect(keyBytes(Buffer.from(page.url()), key)).toBe(0);
    expect(page.said).toEqual([]);
    await page.close();
  });

  test("the slider sends so many queries, by keyboard", async () => {
    const page = await visit();
    await page.focus("#intercepted");
    for (let i = 0; i < 9; i++) await page.keyboard.press("ArrowRight");
    await page.waitForFunction(() => /10 cipher images/.test(document.getElementById("attacker-says")!.textContent!));
    const asked = site.seen.filter(({ path }: Seen) => path.endsWith("/infer"));
    const counts = asked.map(({ headers, body }) =>
      JSON.parse(body.subarray(0, Number(headers["inference-header-content-length"])).toString()).inputs[0].shape[0]);
    expect(counts.reduce((a, b) => a + b)).toBeGreaterThanOrEqual(10);
    const attacks = site.seen.filter(({ path }) => path === "/page/attack").map(({ body }) => JSON.parse(body.toString()));
    expect(attacks).toContainEqual(expect.objectContaining({ model: "each image", images: 10 })); // they may cross on their way
    await page.close();
  });

  test("own pictures: read, or a sentence why not", async () => {
    const page = await visit();
    const before = await pixels(page, "cloud");
    const data = Uint8Array.from({ length: 60 * 90 }, (_, i) => i * 7);
    const file = (name: string, buffer: Buffer) => page.setInputFiles("#file", { name, mimeType: "image/png", buffer });
    await file("grey.png", Buffer.from(writePng({ shape: [60, 90, 1], data })));
    await page.waitForFunction(() => /your own/.test(document.getElementById("you-says")!.textContent!));
    await caught(page);
    expect(await pixels(page, "cloud")).not.toEqual(before);
    await file("no.png", Buffer.from("BM no picture"));
    await page.locator("#problem").getByText("A BMP is not read in the browser").waitFor();
    await page.close();
  });

  test("own pictures, dropped, pasted and from the camera", async () => {
    const page = await visit();
    const data = Uint8Array.from({ length: 40 * 40 * 3 }, (_, i) => i * 3);
    const file = Buffer.from(writePng({ shape: [40, 40, 3], data })).toString("base64");
    const before = [await pixels(page, "you")];
    const changed = async () => {
      await page.waitForFunction((old) => {
        const canvas = document.getElementById("you") as HTMLCanvasElement;
        const now = Array.from(canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height).data);
        return JSON.stringify(now) !== old;
      }, JSON.stringify(before.at(-1)));
      before.push(await pixels(page, "you"));
      expect(await text(page, "you-says")).toContain("your own");
      expect(await text(page, "problem")).toBe("");
    };
    const give = (kind: "drop" | "paste", turned: boolean) => page.evaluate(([base64, name, half]) => {
      const bytes = Uint8Array.from(atob(base64 as string), (letter) => letter.charCodeAt(0));
      const given = new DataTransfer();
      given.items.add(new File([bytes], "a.png", { type: "image/png" }));
      const event = name === "drop" ? new DragEvent("drop", { dataTransfer: given, bubbles: true, cancelable: true })
        : new ClipboardEvent("paste", { clipboardData: given, bubbles: true });
      (half ? document.body : document.querySelector("main")!).dispatchEvent(event);
    }, [file, kind, turned] as const);
    await give("drop", false);
    await changed();
    await page.click("#pictures li:nth-child(2) button");
    await page.locator("#you-says").getByText("bundled").waitFor();
    before.push(await pixels(page, "you"));
    await give("paste", true);
    await changed();
    await page.click("#camera");
    await page.click("#lens button[value=take]");
    await changed();
    expect(page.said).toEqual([]);
    await page.close();
  });

  test("a browser that alters pixels is told of", async () => {
    const page = await running.newPage();
    await page.addInitScript(() => {
      const honest = OffscreenCanvasRenderingContext2D.prototype.getImageData;
      OffscreenCanvasRenderingContext2D.prototype.getImageData = function (...where) {
        const found = honest.apply(this, where);
        found.data[4] ^= 1;
        return found;
      };
    });
    await page.goto(site.url);
    await caught(page);
    const source = readFileSync(join(import.meta.dirname, "../src/pictures/canvas.ts"), "utf8");
    const photo = [...source.matchAll(/^ {2}"([\w+/=]{50,})"/gm)].map(([, part]) => part).join(""); // the canary itself
    await page.setInputFiles("#file", { name: "a.jpg", mimeType: "image/jpeg", buffer: Buffer.from(photo, "base64") });
    await page.locator("#problem").getByText("This browser alters the pixels that are read back").waitFor();
    await page.close();
  });

  test("a query file of the private path goes, its answer comes", async () => {
    const page = await visit("", { acceptDownloads: true });
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.setInputFiles("#query-file", { name: "a.query", mimeType: "application/octet-stream", buffer: Buffer.alloc(5000, 7) }),
    ]);
    expect(readFileSync((await file.path())!, "utf8")).toBe("answer to 5000 bytes");
    await page.close();
  });

  test("a server that wants a token", async () => {
    const locked = await stub(built, "let me in");
    const page = await running.newPage();
    await page.goto(locked.url);
    await page.fill("#token", "wrong");
    await page.keyboard.press("Enter");
    await page.fill("#token", "let me in");
    await page.keyboard.press("Enter");
    await caught(page);
    expect(await page.locator("#answer meter").count()).toBe(5);
    await page.close();
    locked.close();
  });

  test("over plain http, a sentence", async () => {
    const page = await running.newPage();
    await page.goto(site.url.replace("127.0.0.1", "clinic.test"));
    await page.locator("#problem").getByText("This page was opened over plain http").waitFor();
    await page.close();
  });

  test("the owner's key, under a passphrase", async () => {
    const page = await visit("#model=seed");
    expect(await text(page, "answer-says")).toContain("its answer is noise");
    const key = Key.generate();
    const buffer = Buffer.from(await wrapKey(key, () => "open sesame", new Kdf("scrypt", [1024, 8, 1])));
    const give = () => page.setInputFiles("#key-file", { name: "owner.key", mimeType: "text/plain", buffer });
    await give();
    await page.fill("#words", "open barley");
    await page.click("#passphrase button[value=open]");
    await page.locator("#problem").getByText("Owner.key does not open with this passphrase").waitFor();
    await give();
    await page.fill("#words", "open sesame");
    await page.keyboard.press("Enter");
    await page.locator("#fingerprint").getByText(await key.fingerprint()).waitFor();
    await page.close();
  });

  test("offline, all but the query works", async () => {
    const page = await visit();
    const before = await pixels(page, "cloud");
    await page.context().setOffline(true);
    await page.click("#another");
    await page.locator("#answer").getByText("The server does not answer").waitFor();
    expect(await pixels(page, "cloud")).not.toEqual(before);
    await page.close();
  });

  const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  const sizes = [[360, 740], [768, 1024], [1280, 800], [1920, 1080]] as const;
  test.each(sizes.flatMap(([width, height], i) => ["each image", "seed"].map((model) => ({
    width, height, model, colorScheme: (["light", "dark"] as const)[i % 2],
  }))))("looked at: $width x $height, $model, $colorScheme", async ({ width, height, model, colorScheme }) => {
    const page = await visit(`#model=${encodeURIComponent(model)}`, { viewport: { width, height }, colorScheme, bypassCSP: true });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    for (const id of ["you", "cloud", "attacker"]) {
      expect(new Set(await pixels(page, id)).size, id).toBeGreaterThan(20);
      expect((await page.locator(`#${id}`).boundingBox())!.width, id).toBeGreaterThan(Math.min(width, 1080) / 5);
    }
    expect(await page.locator("#answer meter").count()).toBe(5);
    await page.addScriptTag({ content: axe });
    const { violations } = await page.evaluate(() => (globalThis as any).axe.run()) as any;
    expect(violations.map(({ id, nodes }: any) => [id, nodes.map(({ html }: any) => html)])).toEqual([]);
    if (looks) {
      mkdirSync(looks, { recursive: true });
      await page.screenshot({ path: join(looks, `${width}-${model}-${colorScheme}.png`), fullPage: true });
    }
    await page.close();
  });
});

test.each((["firefox", "webkit"] as const).filter(browser))("%s asks, and the attack runs", async (name) => {
  site.seen.length = 0;
  const page = await open(name, site.url);
  for (let i = 0; i < 100 && !site.seen.some(({ path }) => path === "/page/attack"); i++) {
    await new Promise((done) => setTimeout(done, 100));
  }
  expect(site.seen.some(({ path }) => path.endsWith("/infer"))).toBe(true);
  expect(site.seen.some(({ path }) => path === "/page/attack")).toBe(true);
  await page.close();
});

test("key bytes are counted where there are some", () => {
  const secret = Uint8Array.from({ length: 32 }, (_, i) => (i * 37 + 11) % 256);
  const key = new Key(secret);
  const body = (part: Uint8Array | string) => Buffer.concat([Buffer.from("some bytes "), Buffer.from(part), Buffer.from(" more")]);
  const padded = new Uint8Array(40);
  padded.set(secret);
  expect(keyBytes(body("nothing"), key)).toBe(0);
  expect(keyBytes(body(secret), key)).toBe(32);
  expect(keyBytes(body(secret.subarray(5, 15)), key)).toBe(10);
  expect(keyBytes(body(hex(secret)), key)).toBe(64);
  expect(keyBytes(body(hex(secret).toUpperCase()), key)).toBe(64);
  expect(keyBytes(body(base32(padded)), key)).toBe(51);
  expect(keyBytes(body(Buffer.from(secret).toString("base64")), key)).toBeGreaterThan(40);
  expect(unhex(hex(secret))).toEqual(secret);
  expect(unbase32(base32(padded))).toEqual(padded);
});
