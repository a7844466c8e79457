/**
 * KDF: how a passphrase becomes 32 bytes. scrypt and Argon2id of @noble/hashes, in JavaScript alone, so that a page needs
 * no 'wasm-unsafe-eval'. Both are read; scrypt is written, because its code was part of the library's audit and
 * Argon2's was not.
 */

import { argon2idAsync } from "@noble/hashes/argon2.js";
import { scryptAsync } from "@noble/hashes/scrypt.js";

import { utf8 } from "../bytes.js";
import { BadInput, BadKeyFile } from "../errors.js";

// Bytes, bytes times passes, lanes: a file may ask for no more.
const MOST_MEMORY = 2 ** 30;
const MOST_WORK = 2 ** 32;
const MOST_LANES = 16;

export type Cost = readonly [number, number, number];
/** Gives a passphrase. */
export type Ask = () => string | Promise<string>;

/** A way to stretch passphrases. cost: argon2id KiB of memory, passes, lanes; scrypt n, r, p. */
export class Kdf {
  constructor(
    readonly name: "argon2id" | "scrypt",
    readonly cost: Cost,
  ) {}

  toString(): string {
    return [this.name, ...this.cost].join(" ");
  }

  /** BadKeyFile for parameters that do not exist, or would take more memory or time than is sensible. */
  check(): void {
    const [a, b, c] = this.cost;
    const argon = this.name === "argon2id";
    const memory = argon ? 1024 * a : 128 * a * b;
    const work = memory * (argon ? b : c);
    const sound = argon ? a >= 8 * c : a > 1 && Number.isInteger(Math.log2(a));
    if (!sound) throw new BadKeyFile(`has parameters that ${this.name} does not take: ${a} ${b} ${c}`);
    if (memory > MOST_MEMORY || work > MOST_WORK || c > MOST_LANES) {
      throw new BadKeyFile(`asks for more memory or time than a key file may: ${this}`);
    }
  }

  /** 32 bytes. The passphrase counts in its composed form (NFC), in UTF-8; an empty one is BadInput. */
  async stretch(salt: Uint8Array, ask: Ask): Promise<Uint8Array> {
    const words = utf8((await ask()).normalize("NFC"));
    if (!words.length) throw new BadInput("a passphrase was needed, an empty one came");
    const [a, b, c] = this.cost;
    return this.name === "argon2id"
      ? argon2idAsync(words, salt, { m: a, t: b, p: c, dkLen: 32, maxmem: MOST_MEMORY + 2 ** 20 })
      : scryptAsync(words, salt, { N: a, r: b, p: c, dkLen: 32, maxmem: MOST_MEMORY + 2 ** 20 });
  }
}

export const SCRYPT = new Kdf("scrypt", [1 << 17, 8, 1]);
