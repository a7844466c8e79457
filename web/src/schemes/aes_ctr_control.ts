/**
 * aes-ctr-control/1: a fresh AES-CTR key stream for every image. Nothing can be learned: the control of every
 * experiment.
 *
 * Hides: everything but the size of a picture. Leaks: sizes and labels. Break: none known. Not authenticated.
 */

import type { Key } from "../keys/key.js";
import { type Shape, size } from "../plans/blocks.js";
import { Plan } from "../plans/plan.js";
import { integers, Scheme, type Traits } from "./base.js";

/** AES-256-CTR under a key of each image's own, drawn from its public nonce. material: `mask`, (h * w * c) bytes. */
export class AesCtrControl extends Scheme<{ mask: Uint8Array }, Uint8Array> {
  static readonly id = "aes-ctr-control/1";
  static readonly paper = "none: AES-256-CTR, NIST SP 800-38A, a fresh key for each image";

  override get traits(): Traits {
    return this.with({ perImage: true });
  }

  async material(key: Key, shape: Shape): Promise<{ mask: Uint8Array }> {
    return { mask: await (await key.derive(this.id, "mask")).stream().bytes(size(shape)) };
  }

  planFromMaterial(shape: Shape, { mask }: { mask: Uint8Array }): Plan {
    return new Plan({ mask: integers("mask", mask, size(shape), 256) });
  }
}
