/**
 * etc/1: encryption then compression, whole blocks turned, inverted, recoloured and shuffled (Kurihara et al. 2015).
 *
 * Hides: what is larger than a block. Leaks: everything inside a block, up to a turn and an inversion; equal blocks.
 * Breaks: solvers of jigsaw puzzles; a few chosen or known pictures.
 */

import type { Key } from "../keys/key.js";
import { grid, type Shape, size } from "../plans/blocks.js";
import type { Plan } from "../plans/plan.js";
import { type Codes, codes, scramble } from "./_blocks.js";
import { Scheme, type Traits } from "./base.js";
import { within } from "./fields.js";

/** Block scrambling with true orders of colours; any number of channels. material: a code of each step for each block. */
export class EtC extends Scheme<Codes, Uint8Array> {
  static readonly id = "etc/1";
  static readonly paper = "Kurihara et al. 2015; Chuman, Sirichotedumrong, Kiya, IEEE TIFS 14(6) (2019)";
  static override readonly fields = { block: within(2, 64, 4) };
  declare readonly block: number;

  override get traits(): Traits {
    return this.with({ tile: this.block });
  }

  material(key: Key, shape: Shape): Promise<Codes> {
    return codes(key, [this.id], size(grid(shape, this.block)), shape[2] >= 3);
  }

  planFromMaterial(shape: Shape, drawn: Codes): Plan {
    return scramble(shape, this.block, drawn);
  }
}
