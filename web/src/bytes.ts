/** Bytes and texts: hex, base32, UTF-8 as Python has it, and numbers in 8 little-endian bytes. */

import { BadInput } from "./errors.js";

export type Bytes = Uint8Array<ArrayBuffer>;

const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";

/** Parts, one after the other. */
export function joined(...parts: Uint8Array[]): Bytes {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** A whole number below 2^53 as 8 little-endian bytes. */
export function u64le(value: number): Bytes {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, BigInt(value), true);
  return out;
}

/** UTF-8; a lone surrogate U+DC80..U+DCFF is the byte that it stands for in Python. */
export function utf8(text: string): Bytes {
  if (!/\p{Surrogate}/u.test(text)) return new TextEncoder().encode(text) as Bytes;
  const parts = [...text].map((letter) => {
    const code = letter.codePointAt(0)!;
    if (code >= 0xdc80 && code <= 0xdcff) return Uint8Array.of(code - 0xdc00);
    if (code >= 0xd800 && code <= 0xdfff) throw new BadInput("a text holds half of a letter and has no UTF-8");
    return new TextEncoder().encode(letter);
  });
  return joined(...parts);
}

/** Lower-case hex digits. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The bytes of an even number of hex digits. */
export function unhex(digits: string): Bytes {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** RFC 4648 base32 in lower case, of a multiple of 5 bytes: no padding. */
export function base32(bytes: Uint8Array): string {
  let out = "";
  for (let at = 0; at < bytes.length; at += 5) {
    let block = 0n;
    for (let i = 0; i < 5; i++) block = (block << 8n) | BigInt(bytes[at + i]);
    for (let shift = 35n; shift >= 0n; shift -= 5n) out += BASE32[Number((block >> shift) & 31n)];
  }
  return out;
}

/** The bytes of base32 in lower case, a multiple of 8 letters; null where it is none. */
export function unbase32(text: string): Bytes | null {
  if (!/^(?:[a-z2-7]{8})*$/.test(text)) return null;
  const out = new Uint8Array((text.length / 8) * 5);
  for (let at = 0; at * 8 < text.length; at++) {
    let block = 0n;
    for (const letter of text.slice(at * 8, at * 8 + 8)) block = (block << 5n) | BigInt(BASE32.indexOf(letter));
    for (let i = 4; i >= 0; i--, block >>= 8n) out[at * 5 + i] = Number(block & 255n);
  }
  return out;
}

/** Whether two arrays hold the same bytes; as long for equal ones as for others. */
export function same(a: Uint8Array, b: Uint8Array): boolean {
  let differ = a.length ^ b.length;
  for (let i = 0; i < Math.min(a.length, b.length); i++) differ |= a[i] ^ b[i];
  return differ === 0;
}
