/**
 * cpe-iib/1: EtC on blocks, and again on the sub-blocks inside each block (Ahmad and Shin 2022, "IIB-CPE").
 *
 * Hides: what is larger than a sub-block, and the inner order of a block. Leaks: the colours of every block up to an
 * inversion and a colour order, textures within sub-blocks. Breaks: as etc/1, with more pieces for a puzzle solver.
 */

import { BadField } from "../errors.js";
import type { Key } from "../keys/key.js";
import { grid, positions, type Shape, size, toBlocks } from "../plans/blocks.js";
import type { Plan } from "../plans/plan.js";
import { type Codes, codes, scramble } from "./_blocks.js";
import { permutations, Scheme, type Traits } from "./base.js";
import { within } from "./fields.js";

/** Codes of the blocks, and those of the sub-blocks, (blocks, inside), counted row by row within each block. */
type Material = { outer: Codes; inner: Omit<Codes, "channel"> };

/** Block scrambling between and inside blocks; any number of channels. */
export class CpeIib extends Scheme<Material, Uint8Array> {
  static readonly id = "cpe-iib/1";
  static readonly paper = "Ahmad, Shin, Sensors 22:8074 (2022) and Electronics 11:2514 (2022)";
  static override readonly fields = { block: within(4, 64, 16), sub_block: within(1, 32, 4) };
  declare readonly block: number;
  declare readonly sub_block: number;

  override check(): void {
    if (this.block % this.sub_block || this.sub_block === this.block) {
      throw new BadField(`sub_block of ${this.id} divides block = ${this.block}, not ${this.sub_block}`);
    }
  }

  override get traits(): Traits {
    return this.with({ tile: this.block });
  }

  async material(key: Key, shape: Shape): Promise<Material> {
    const blocks = size(grid(shape, this.block));
    const inside = this.#inside;
    const stream = async (step: string) => (await key.derive(this.id, "sub", step)).stream();
    return {
      outer: await codes(key, [this.id], blocks, shape[2] >= 3),
      inner: {
        rotate: await (await stream("rotate")).small(4, blocks * inside),
        negaposi: await (await stream("negaposi")).small(2, blocks * inside),
        reverse: await (await stream("reverse")).small(4, blocks * inside),
        shuffle: await (await stream("shuffle")).permutations(blocks, inside),
      },
    };
  }

  planFromMaterial(shape: Shape, { outer, inner }: Material): Plan {
    const blocks = size(grid(shape, this.block));
    const inside = this.#inside;
    permutations("sub_shuffle", inner.shuffle, blocks, inside);
    // where[i * inside + j]: which of all sub-blocks of the picture, row by row, is number j of block i
    const [down, across] = grid(shape, this.sub_block);
    const subgrid: Shape = [down, across, 1];
    const where = toBlocks(positions(subgrid), subgrid, this.block / this.sub_block);
    const spread = (drawn: ArrayLike<number>): Uint8Array => {
      const found = new Uint8Array(where.length);
      where.forEach((place, i) => (found[place] = drawn[i]));
      return found;
    };
    const shuffle = new Int32Array(where.length);
    where.forEach((place, i) => (shuffle[place] = where[i - (i % inside) + inner.shuffle[i]]));
    return scramble(shape, this.sub_block, {
      rotate: spread(inner.rotate),
      negaposi: spread(inner.negaposi),
      reverse: spread(inner.reverse),
      channel: new Uint8Array(where.length),
      shuffle,
    }).after(scramble(shape, this.block, outer));
  }

  get #inside(): number {
    return (this.block / this.sub_block) ** 2;
  }
}
