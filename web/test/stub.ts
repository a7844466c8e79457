/** A stub of `imveil serve --page`: the protocol, two models that answer at random, and an attack that needs no skill. */

import { readdirSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { writePng } from "../src/index.js";

export const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; " +
  "connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const KINDS: Record<string, string> = { js: "text/javascript", css: "text/css", html: "text/html", svg: "image/svg+xml" };
const CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

const model = (scheme: string, fields: object, recovery: number, reidentified: number) => ({
  inputs: [{ name: "images", datatype: "UINT8", shape: [-1, 32, 32, 3] }],
  outputs: [{ name: "probabilities", datatype: "FP32", shape: [-1, 10] }, { name: "labels", datatype: "BYTES", shape: [-1, 1] }],
  parameters: {
    scheme, fields, fingerprint: "k3xd-7q2a-9fz4-mmwp", shape: [32, 32, 3], classes: CLASSES, status: "open", recovery, reidentified,
    verdict: "cipher images alone give the pictures", preparation: { resize: "32", pad: null, crop: "32x32" },
  },
});
const MODELS: Record<string, any> = {
  "each image": model("negpos/1", { negpos: true, colors: true, per_image: true }, 0.278, 0.41),
  seed: model("logistic-xor/1", {}, 1, 1),
};

/** A request as it came. */
export interface Seen {
  method: string;
  path: string;
  headers: Record<string, unknown>;
  body: Buffer;
}

/** The stub on loopback, with the page of `folder`. */
export async function stub(folder: string, token = ""): Promise<{ url: string; seen: Seen[]; close: () => void }> {
  const seen: Seen[] = [];
  let last: Buffer = Buffer.alloc(3072);
  const server = createServer(async (request, response) => {
    const body = await read(request);
    const path = decodeURIComponent(request.url!.split("?")[0]);
    seen.push({ method: request.method!, path, headers: request.headers, body });
    const json = (value: unknown, status = 200) =>
      response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(value));
    const locked = path.startsWith("/v2") || path === "/page/attack";
    if (token && locked && request.headers.authorization !== `Bearer ${token}`) return json({ error: "a token is needed" }, 401);
    const infer = /^\/v2\/models\/(.+)\/infer$/.exec(path);
    const named = /^\/v2\/models\/([^/]+)$/.exec(path);
    if (path === "/page/facts") {
      const schemes = Object.values(MODELS).map(({ parameters }) => parameters);
      const other = { scheme: "orthogonal/1", fields: { block: 4 }, status: "broken by one known pair", recovery: 1, reidentified: 1 };
      const costs = [{ what: "224 px, this service", time: "12 ms", proves: "nothing: it is measured", source: "a stub" }];
      const own = [{ what: "an encrypted query", cost: "1.4 ms to ask", proves: "the cloud learns nothing", command: "imveil query new" }];
      return json({ models: Object.keys(MODELS), schemes: [...schemes, other], costs, private: own, heads: ["study"] });
    }
    if (path === "/page/attack") {
      const { images } = JSON.parse(body.toString());
      const file = Buffer.from(writePng({ shape: [32, 32, 3], data: new Uint8Array(last) })).toString("base64");
      return json({ attack: "look", images: Array(Math.min(images, 4)).fill(file), seconds: 0.1, says: "A stub." });
    }
    if (path === "/v2/models/study/query") return response.writeHead(200).end(Buffer.from(`answer to ${body.length} bytes`));
    if (named) return MODELS[named[1]] ? json({ name: named[1], ...MODELS[named[1]] }) : json({ error: "no such model" }, 404);
    if (infer) {
      const length = Number(request.headers["inference-header-content-length"]);
      const { inputs } = JSON.parse(body.subarray(0, length).toString());
      const [n] = inputs[0].shape;
      last = body.subarray(length).subarray((n - 1) * 3072);
      const shares = new Float32Array(n * 10).map((_, i) => (1 + ((i * 7) % 10)) / 55);
      const outputs = [{ name: "probabilities", datatype: "FP32", shape: [n, 10], parameters: { binary_data_size: n * 40 } }];
      const head = Buffer.from(JSON.stringify({ model_name: infer[1], outputs }));
      response.writeHead(200, { "Content-Type": "application/octet-stream", "Inference-Header-Content-Length": head.length });
      return response.end(Buffer.concat([head, Buffer.from(shares.buffer)]));
    }
    const file = path === "/" ? "index.html" : path.slice(1);
    if (!readdirSync(folder).includes(file)) return json({ error: "not found" }, 404);
    response.writeHead(200, { "Content-Type": KINDS[file.split(".").at(-1)!], "Content-Security-Policy": CSP });
    return response.end(readFileSync(join(folder, file)));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { url, seen, close: () => server.close() };
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
