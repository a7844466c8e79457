/**
 * np-block/1: half of the samples of every block inverted, the same in every block (AprilPyone and Kiya 2021, "NP").
 *
 * Hides: little more than colours and fine texture. Leaks: position of every sample and |v - 127.5| of it. Break: one
 * chosen or known block.
 */

import type { Key } from "../keys/key.js";
import { bytesOf } from "../plans/arrays.js";
import { fromBlocks, grid, type Shape, size } from "../plans/blocks.js";
import { Plan } from "../plans/plan.js";
import { integers, Scheme, type Traits } from "./base.js";
import { within } from "./fields.js";

/** Samples of blocks inverted, the same ones in every block. material: `flip` (block * block * c), 1 = invert. */
export class NpBlock extends Scheme<{ flip: Uint8Array }, Uint8Array> {
  static readonly id = "np-block/1";
  static readonly paper = "AprilPyone, Kiya, IEEE TIFS 16 (2021), arXiv 2010.00801";
  static override readonly fields = { block: within(2, 16, 4) };
  declare readonly block: number;

  override get traits(): Traits {
    return this.with({ tile: this.block });
  }

  async material(key: Key, shape: Shape): Promise<{ flip: Uint8Array }> {
    const length = this.block ** 2 * shape[2];
    const drawn = await (await key.derive(this.id, "flip")).stream().permutation(length);
    return { flip: Uint8Array.from(drawn, (place) => Number(place > Math.floor(length / 2))) };
  }

  planFromMaterial(shape: Shape, { flip }: { flip: Uint8Array }): Plan {
    const length = this.block ** 2 * shape[2];
    grid(shape, this.block);
    integers("flip", flip, length, 2);
    const mask = bytesOf(size(shape), (i) => 255 * flip[i % length]);
    return new Plan({ mask: fromBlocks(mask, shape, this.block) });
  }
}
