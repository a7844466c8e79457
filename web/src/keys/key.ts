/**
 * Key: 32 secret bytes. One purpose, one key, by derivation; nothing shows the secret but `reveal`.
 *
 * docs/spec/key.md has derivation and fingerprint in words, with vectors.
 */

import { base32, type Bytes, joined, same, u64le, utf8 } from "../bytes.js";
import { BadInput, SecretLeak } from "../errors.js";
import { Keystream } from "./stream.js";
import { hmac, random } from "./webcrypto.js";

export const SIZE = 32;
const CONTEXT = utf8("imveil-key-1");

/** 32 secret bytes, immutable. It shows its fingerprint only, and neither JSON nor a message to a worker takes it. */
export class Key {
  readonly #secret: Bytes;
  #root?: Promise<Bytes>;
  #fingerprint?: Promise<string>;

  constructor(secret: Uint8Array) {
    if (!(secret instanceof Uint8Array) || secret.length !== SIZE) {
      throw new BadInput(`a key is ${SIZE} bytes`, "Key.generate() makes one");
    }
    this.#secret = new Uint8Array(secret);
  }

  /** A new key from the system's source of randomness. */
  static generate(): Key {
    return new Key(random(SIZE));
  }

  /**
   * The key for one purpose: HKDF-SHA256 (RFC 5869) with the path in `info`.
   *
   * path: one part or more, texts or bytes; each is written with its length, so that no two paths meet.
   */
  async derive(...path: (string | Uint8Array)[]): Promise<Key> {
    if (!path.length) throw new BadInput("a key is derived for a purpose: at least one part of a path was needed");
    const parts = path.map((part) => (typeof part === "string" ? utf8(part) : part));
    const info = joined(CONTEXT, ...parts.flatMap((part) => [u64le(part.length), part]));
    // The extract step of HKDF, with its default salt of zeros, is the same for every path: done once.
    this.#root ??= hmac(new Uint8Array(SIZE), this.#secret);
    return new Key(await hmac(await this.#root, joined(info, Uint8Array.of(1))));
  }

  /** Names the key in public: 80 bits of a derived key in base32, four groups of four. It tells nothing else. */
  fingerprint(): Promise<string> {
    this.#fingerprint ??= this.derive("imveil", "fingerprint").then((named) =>
      base32(named.reveal().subarray(0, 10)).match(/.{4}/g)!.join("-"),
    );
    return this.#fingerprint;
  }

  /** The key stream of this key, from its beginning. Derive first: one key, one stream. */
  stream(): Keystream {
    return new Keystream(this.#secret);
  }

  /** HMAC-SHA256 of `data` under this key, 32 bytes. */
  mac(data: Uint8Array): Promise<Bytes> {
    return hmac(this.#secret, data);
  }

  /** The 32 bytes themselves: for key files, for a worker, for an AEAD under a derived key. Never print or send them. */
  reveal(): Bytes {
    return this.#secret.slice();
  }

  equals(other: Key): boolean {
    return same(this.#secret, other.#secret);
  }

  toString(): string {
    return "Key(...)";
  }

  toJSON(): never {
    throw new SecretLeak("a key is never written into JSON", "write its fingerprint");
  }
}
