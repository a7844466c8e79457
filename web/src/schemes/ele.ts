/**
 * ele/1: extended learnable encryption, LE with a key of its own for every block, then the blocks shuffled (Madono 2020).
 *
 * Hides: the look of a picture, and where its blocks were. Leaks: which pictures have equal blocks at the same place.
 * Break: four chosen pictures.
 */

import type { Key } from "../keys/key.js";
import { grid, type Shape, size } from "../plans/blocks.js";
import type { Plan } from "../plans/plan.js";
import { scramble } from "./_nibbles.js";
import { permutation, permutations, Scheme, type Traits } from "./base.js";
import { within } from "./fields.js";

type Material = { keys: Int32Array; perm: Int32Array };

/** material: `keys` (blocks, n), row i for block i of the picture; `perm`, block i of the cipher is block perm[i]. */
export class ELE extends Scheme<Material, Uint8Array> {
  static readonly id = "ele/1";
  static readonly paper = "Madono, Tanaka, Onishi, Ogawa, AAAI-20 workshop, arXiv 2001.07761";
  static override readonly fields = { block: within(2, 16, 4) };
  declare readonly block: number;

  override get traits(): Traits {
    return this.with({ tile: this.block });
  }

  async material(key: Key, shape: Shape): Promise<Material> {
    const blocks = size(grid(shape, this.block));
    const nibbles = 2 * this.block ** 2 * shape[2];
    return {
      keys: await (await key.derive(this.id, "keys")).stream().permutations(blocks, nibbles),
      perm: await (await key.derive(this.id, "perm")).stream().permutation(blocks),
    };
  }

  planFromMaterial(shape: Shape, { keys, perm }: Material): Plan {
    const blocks = size(grid(shape, this.block));
    const nibbles = 2 * this.block ** 2 * shape[2];
    permutations("keys", keys, blocks, nibbles);
    const keyOf = (i: number): Int32Array => keys.subarray(i * nibbles, (i + 1) * nibbles);
    return scramble(shape, this.block, keyOf, permutation("perm", perm, blocks));
  }
}
