/** WebKit, as WebKitGTK's MiniBrowser, by its WebDriver: plain HTTP, and a screen of its own that nobody sees. */

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import type { Page } from "./browsers.js";

const DRIVER = "/usr/bin/WebKitWebDriver";
const SCREEN = "/usr/bin/Xvfb";
const LIBRARIES = ["x86_64", "aarch64"].map((kind) => `/usr/lib/${kind}-linux-gnu`);

/** Where MiniBrowser lies, or nothing where a part of all this is missing. */
export function miniBrowser(): string | undefined {
  if (!existsSync(DRIVER) || !existsSync(SCREEN)) return undefined;
  const paths = LIBRARIES.flatMap((folder) => ["4.1", "4.0", "6.0"].map((version) => `${folder}/webkit2gtk-${version}/MiniBrowser`));
  return paths.find((path) => existsSync(path));
}

/** A page at an address. */
export async function openWebKit(url: string): Promise<Page> {
  const started: ChildProcess[] = [];
  const close = async (): Promise<void> => started.reverse().forEach((one) => one.kill());
  try {
    const screen = spawn(SCREEN, ["-displayfd", "3", "-screen", "0", "1024x768x24", "-nolisten", "tcp"], {
      stdio: ["ignore", "ignore", "ignore", "pipe"],
    });
    started.push(screen);
    const display = await new Promise<string>((tell, fail) => {
      screen.stdio[3]!.once("data", (data) => tell(`:${String(data).trim()}`));
      screen.once("exit", () => fail(new Error("Xvfb did not start")));
    });
    const port = await freePort();
    const env = { ...process.env, DISPLAY: display, LIBGL_ALWAYS_SOFTWARE: "1", WEBKIT_DISABLE_DMABUF_RENDERER: "1" };
    started.push(spawn(DRIVER, [`--port=${port}`], { env, stdio: "ignore" }));
    const driver = `http://127.0.0.1:${port}/session`;
    const session = await command(driver, {
      capabilities: { alwaysMatch: { "webkitgtk:browserOptions": { binary: miniBrowser(), args: ["--automation"] } } },
    });
    const own = `${driver}/${session.sessionId}`;
    await command(`${own}/timeouts`, { script: 60_000 });
    await command(`${own}/url`, { url });
    return {
      call: async (name, ...args) => {
        const script = "const [name, args, done] = arguments; import('/inpage.js').then((all) => all[name](...args))" +
          ".then((found) => done({ found }), (error) => done({ error: String(error) }));";
        const { found, error } = await command(`${own}/execute/async`, { script, args: [name, args] });
        if (error) throw new Error(error);
        return found;
      },
      close: async () => {
        await fetch(own, { method: "DELETE" });
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A command of WebDriver; tried again while the driver starts. */
async function command(url: string, body: unknown, tries = 50): Promise<any> {
  let answer: Response;
  try {
    answer = await fetch(url, { method: "POST", body: JSON.stringify(body) });
  } catch (error) {
    if (!tries) throw error;
    await new Promise((done) => setTimeout(done, 100));
    return command(url, body, tries - 1);
  }
  const { value } = (await answer.json()) as any;
  if (!answer.ok) throw new Error(value.message);
  return value;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((done) => server.close(() => done()));
  return port;
}
