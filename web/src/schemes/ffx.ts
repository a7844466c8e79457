/**
 * ffx/1: half of the samples of every block sent through a secret table (AprilPyone and Kiya 2021, "FFX"); uint16.
 *
 * Hides: little more than colours and fine texture. Leaks: position of every sample, the value of the half that stays.
 * Break: one chosen picture with all 256 values.
 */

import { BadMaterial } from "../errors.js";
import type { Key } from "../keys/key.js";
import { bytesOf } from "../plans/arrays.js";
import { fromBlocks, grid, type Shape, size } from "../plans/blocks.js";
import { Lookup } from "../plans/transforms/lookup.js";
import { integers, Scheme, type Traits } from "./base.js";
import { within } from "./fields.js";

const VALUES = 1000;

type Material = { flip: Uint8Array; lookup: Int32Array };

/** Samples of blocks through a table. material: `flip`, 1 = through the table; `lookup` (256), different, in 0..999. */
export class Ffx extends Scheme<Material, Uint16Array> {
  static readonly id = "ffx/1";
  static readonly paper = "AprilPyone, Kiya, IEEE TIFS 16 (2021), arXiv 2010.00801";
  static override readonly fields = { block: within(2, 16, 4) };
  declare readonly block: number;

  override get traits(): Traits {
    return this.with({ dtype: "uint16", tile: this.block });
  }

  async material(key: Key, shape: Shape): Promise<Material> {
    const length = this.block ** 2 * shape[2];
    const drawn = await (await key.derive(this.id, "flip")).stream().permutation(length);
    return {
      flip: Uint8Array.from(drawn, (place) => Number(place > Math.floor(length / 2))),
      lookup: (await (await key.derive(this.id, "lookup")).stream().permutation(VALUES)).slice(0, 256),
    };
  }

  planFromMaterial(shape: Shape, { flip, lookup }: Material): Lookup {
    const length = this.block ** 2 * shape[2];
    grid(shape, this.block);
    integers("flip", flip, length, 2);
    if (new Set(integers("lookup", lookup, 256, VALUES)).size < 256) {
      throw new BadMaterial("lookup must hold 256 different values: what it sends to one cannot be decrypted");
    }
    const where = bytesOf(size(shape), (i) => flip[i % length]);
    return new Lookup(fromBlocks(where, shape, this.block), lookup, VALUES);
  }
}
