/** Browsers that are here: Debian's Chromium by Playwright, its Firefox by Puppeteer over WebDriver BiDi, its WebKit. */

import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { miniBrowser, openWebKit } from "./webkit.js";

/** One page, in which functions of `inpage.js` can be called. */
export interface Page {
  call(name: string, ...args: unknown[]): Promise<any>;
  close(): Promise<void>;
}

const PATHS = { chromium: ["/usr/bin/chromium"], firefox: ["/usr/bin/firefox-esr", "/usr/bin/firefox"] };

export type Name = keyof typeof PATHS | "webkit";

/** Where a browser lies, or nothing. */
export function browser(name: Name): string | undefined {
  return name === "webkit" ? miniBrowser() : PATHS[name].find((path) => existsSync(path));
}

// As text: the test runner would rewrite an import in a function.
const CALL = "(async ({ name, args }) => (await import('/inpage.js'))[name](...args))";

/** A new page of a browser at an address. */
export async function open(name: Name, url: string, args: string[] = []): Promise<Page> {
  if (name === "webkit") return openWebKit(url);
  const executablePath = browser(name)!;
  if (name === "chromium") {
    const { chromium } = await import("playwright-core");
    const running = await chromium.launch({ executablePath, args: ["--no-sandbox", ...args] });
    const page = await running.newPage();
    await page.goto(url);
    return {
      call: (called, ...args) => page.evaluate(`${CALL}(${JSON.stringify({ name: called, args })})`),
      close: () => running.close(),
    };
  }
  const { default: puppeteer } = await import("puppeteer-core");
  const running = await puppeteer.launch({ browser: "firefox", executablePath, headless: true });
  const page = await running.newPage();
  await page.goto(url);
  return {
    call: (called, ...args) => page.evaluate(`${CALL}(${JSON.stringify({ name: called, args })})`) as Promise<any>,
    close: () => running.close(),
  };
}

const KINDS: Record<string, string> = { js: "text/javascript", json: "application/json", html: "text/html" };

/** A server on loopback with these files; an empty page at its root. */
export async function serve(files: Record<string, string | Uint8Array>): Promise<{ url: string; server: Server }> {
  const server = createServer((request, response) => {
    const path = request.url === "/" ? "/index.html" : request.url!;
    const body = { "/index.html": "<!doctype html><title>test</title>", ...files }[path];
    const type = `${KINDS[path.split(".").at(-1)!] ?? "text/plain"}; charset=utf-8`;
    response.writeHead(body === undefined ? 404 : 200, { "Content-Type": type }).end(body);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, server };
}
