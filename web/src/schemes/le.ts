/**
 * le/1: learnable image encryption, the nibbles of every block inverted and shuffled by one key (Tanaka 2018).
 *
 * Hides: the look of a picture below the size of a block. Leaks: the place of every block; equal blocks stay equal.
 * Break: one chosen picture.
 */

import type { Key } from "../keys/key.js";
import type { Shape } from "../plans/blocks.js";
import type { Plan } from "../plans/plan.js";
import { scramble } from "./_nibbles.js";
import { permutation, Scheme, type Traits } from "./base.js";
import { within } from "./fields.js";

/** Nibbles of blocks, the same key in every block. material: `keys`, a permutation of the 2 * block * block * c nibbles. */
export class LE extends Scheme<{ keys: Int32Array }, Uint8Array> {
  static readonly id = "le/1";
  static readonly paper = "M. Tanaka, ICCE-TW 2018, arXiv 1804.00490";
  static override readonly fields = { block: within(2, 16, 4) };
  declare readonly block: number;

  override get traits(): Traits {
    return this.with({ tile: this.block });
  }

  async material(key: Key, shape: Shape): Promise<{ keys: Int32Array }> {
    return { keys: await (await key.derive(this.id, "keys")).stream().permutation(2 * this.block ** 2 * shape[2]) };
  }

  planFromMaterial(shape: Shape, { keys }: { keys: Int32Array }): Plan {
    permutation("keys", keys, 2 * this.block ** 2 * shape[2]);
    return scramble(shape, this.block, () => keys);
  }
}
