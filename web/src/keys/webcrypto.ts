/** WebCrypto, or one sentence why it is missing. */

import { Unavailable } from "../errors.js";

/** The browser's own cryptography; Unavailable where a page was opened in a way that has none. */
export function subtle(): SubtleCrypto {
  const found = globalThis.crypto?.subtle;
  if (!found) {
    throw new Unavailable("this page was opened over plain http, where browsers have no cryptography",
      "open it by https, or on localhost");
  }
  return found;
}

/** New bytes from the system's source of randomness. */
export function random(count: number): Uint8Array<ArrayBuffer> {
  return globalThis.crypto.getRandomValues(new Uint8Array(count));
}

/** SHA-256. */
export async function sha256(data: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await subtle().digest("SHA-256", data as BufferSource));
}

/** HMAC-SHA256 of data under raw bytes. */
export async function hmac(secret: Uint8Array, data: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const key = await subtle().importKey("raw", secret as BufferSource, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await subtle().sign("HMAC", key, data as BufferSource));
}
