/**
 * aes-xor/1: one fixed AES-CTR key stream XORed into every image: the seed's method with a perfect sequence.
 *
 * Hides: the histogram and the look of each image by itself. Leaks: the XOR of any two pictures, equality, sizes; one
 * known picture gives away all others. Break: a many-time pad.
 */

import type { Key } from "../keys/key.js";
import { type Shape, size } from "../plans/blocks.js";
import { Plan } from "../plans/plan.js";
import { integers, Scheme } from "./base.js";

/** The same AES-256-CTR key stream for every image of a data set. material: `mask`, (h * w * c) bytes. */
export class AesXor extends Scheme<{ mask: Uint8Array }, Uint8Array> {
  static readonly id = "aes-xor/1";
  static readonly paper = "none: arXiv 2203.16780 with AES-256-CTR (NIST SP 800-38A) for the logistic map";

  async material(key: Key, shape: Shape): Promise<{ mask: Uint8Array }> {
    return { mask: await (await key.derive(this.id, "mask")).stream().bytes(size(shape)) };
  }

  planFromMaterial(shape: Shape, { mask }: { mask: Uint8Array }): Plan {
    return new Plan({ mask: integers("mask", mask, size(shape), 256) });
  }
}
