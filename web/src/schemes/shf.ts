/**
 * shf/1: the samples of every block shuffled by one key (AprilPyone and Kiya 2021, "SHF").
 *
 * Hides: the look of a picture below the size of a block. Leaks: the place of every block and all values in it; equal
 * blocks. Break: one chosen picture.
 */

import type { Key } from "../keys/key.js";
import { placesOf } from "../plans/arrays.js";
import { fromBlocks, positions, type Shape, toBlocks } from "../plans/blocks.js";
import { Plan } from "../plans/plan.js";
import { permutation, Scheme, type Traits } from "./base.js";
import { within } from "./fields.js";

/** Samples of blocks shuffled, the same way in every block. material: `perm`, of the block * block * c samples. */
export class Shf extends Scheme<{ perm: Int32Array }, Uint8Array> {
  static readonly id = "shf/1";
  static readonly paper = "AprilPyone, Kiya, IEEE TIFS 16 (2021), arXiv 2010.00801";
  static override readonly fields = { block: within(2, 16, 4) };
  declare readonly block: number;

  override get traits(): Traits {
    return this.with({ tile: this.block });
  }

  async material(key: Key, shape: Shape): Promise<{ perm: Int32Array }> {
    return { perm: await (await key.derive(this.id, "perm")).stream().permutation(this.block ** 2 * shape[2]) };
  }

  planFromMaterial(shape: Shape, { perm }: { perm: Int32Array }): Plan {
    const length = this.block ** 2 * shape[2];
    permutation("perm", perm, length);
    const blocks = toBlocks(positions(shape), shape, this.block);
    const moved = placesOf(blocks.length, (i) => blocks[i - (i % length) + perm[i % length]]);
    return new Plan({ order: fromBlocks(moved, shape, this.block) });
  }
}
