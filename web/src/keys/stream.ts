/**
 * Keystream: the bytes, numbers and permutations that one key gives, defined here and not by any library's shuffle.
 *
 * AES-256-CTR from a counter of zero, which every browser has built in. docs/spec/stream.md has the rules in words.
 */

import type { Bytes } from "../bytes.js";
import { BadInput } from "../errors.js";
import { orders } from "./sorting.js";
import { subtle } from "./webcrypto.js";

const BLOCK = 16;

/** An endless stream of key bytes, read from its beginning; each call goes on where the last one ended. */
export class Keystream {
  readonly #secret: Bytes;
  #aes?: Promise<CryptoKey>;
  #read = 0;

  constructor(secret: Bytes) {
    this.#secret = secret;
  }

  /** The next `n` bytes. */
  async bytes(n: number): Promise<Bytes> {
    if (n === 0) return new Uint8Array(0);
    this.#aes ??= subtle().importKey("raw", this.#secret, "AES-CTR", false, ["encrypt"]);
    const from = this.#read;
    this.#read += n;
    // The counter may start at zero: every derived key encrypts one stream only.
    const counter = new Uint8Array(BLOCK);
    new DataView(counter.buffer).setBigUint64(8, BigInt(Math.floor(from / BLOCK)));
    const skipped = from % BLOCK;
    const zeros = new Uint8Array(skipped + n);
    const out = await subtle().encrypt({ name: "AES-CTR", counter, length: 128 }, await this.#aes, zeros);
    return new Uint8Array(out, skipped);
  }

  /** `n` independent whole numbers, each of 0..limit-1 equally likely; limit 1..2^32. By rejection, as `_drawn` does. */
  async below(limit: number, n: number): Promise<Uint32Array> {
    if (!(Number.isInteger(limit) && limit >= 1 && limit <= 2 ** 32)) {
      throw new BadInput(`numbers below 1..2^32 are drawn, asked for ${limit}`, "below64 takes larger limits");
    }
    if (limit <= 256) return Uint32Array.from(await this.small(limit, n));
    const width = limit <= 2 ** 16 ? 2 : 4;
    const span = 256 ** width;
    const words = await this.#drawn(width, n, span - (span % limit));
    return Uint32Array.from(words).map((word) => word % limit);
  }

  /** The numbers of `below` for limits up to 2^63. */
  async below64(limit: bigint, n: number): Promise<BigUint64Array> {
    if (limit <= 1n << 32n) return BigUint64Array.from(Array.from(await this.below(Number(limit), n), BigInt));
    const span = 1n << 64n;
    const top = span - (span % limit);
    const found = new BigUint64Array(n);
    for (let done = 0; done < n; ) {
      for (const word of new BigUint64Array((await this.bytes(8 * (n - done))).slice().buffer)) {
        if (word < top) found[done++] = word % limit;
      }
    }
    return found;
  }

  /** The numbers of `below`, limit 1..256, in a byte each. */
  async small(limit: number, n: number): Promise<Uint8Array> {
    if (!(limit >= 1 && limit <= 256)) throw new BadInput(`small numbers are below 1..256, asked for ${limit}`);
    const found = await this.#drawn(1, n, 256 - (256 % limit));
    for (let i = 0; i < n; i++) found[i] %= limit;
    return found as Uint8Array;
  }

  /** The next `n` words below `top`, of 1, 2 or 4 little-endian bytes; others are skipped. */
  async #drawn(width: number, n: number, top: number): Promise<Uint8Array | Uint16Array | Uint32Array> {
    const kind = width === 1 ? Uint8Array : width === 2 ? Uint16Array : Uint32Array;
    const found = new kind(n);
    for (let done = 0; done < n; ) {
      // No word is read beyond the last that counts.
      for (const word of new kind((await this.bytes(width * (n - done))).slice().buffer)) {
        if (word < top) found[done++] = word;
      }
    }
    return found;
  }

  /** A permutation of 0..n-1: the order by value of the next n 64-bit words, equal ones in order of position. */
  async permutation(n: number): Promise<Int32Array> {
    return this.permutations(1, n);
  }

  /** `count` permutations of 0..n-1, drawn one after the other, as (count, n). */
  async permutations(count: number, n: number): Promise<Int32Array> {
    return orders(new Uint32Array((await this.bytes(8 * n * count)).slice().buffer), count, n);
  }

  toString(): string {
    return `Keystream(${this.#read} bytes read)`;
  }
}
