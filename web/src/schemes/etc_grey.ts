/**
 * etc-grey/1: EtC on the Y, Cb and Cr planes of a picture, side by side as one grey image (Kiya's group 2019).
 *
 * A decrypted sample differs from the picture's by at most 1. Hides: what is larger than a block, and the colours of it.
 * Leaks: everything inside a block, up to a turn and an inversion; equal blocks. Breaks: solvers of jigsaw puzzles.
 */

import { BadShape } from "../errors.js";
import type { Key } from "../keys/key.js";
import { grid, type Shape, size } from "../plans/blocks.js";
import { Steps } from "../plans/steps.js";
import { ERROR, Planes } from "../plans/transforms/ycbcr.js";
import { type Codes, codes, scramble } from "./_blocks.js";
import { Scheme, type Traits } from "./base.js";
import { within } from "./fields.js";

/** Block scrambling of the planes of colour pictures: (h, w, 3) becomes (h, 3 w, 1). */
export class EtCGrey extends Scheme<Codes, Uint8Array> {
  static readonly id = "etc-grey/1";
  static readonly paper = "Sirichotedumrong, Kiya, APSIPA TSIP 8:e7 (2019); Chuman et al., IEEE TIFS 14(6) (2019)";
  static override readonly fields = { block: within(2, 64, 8) };
  declare readonly block: number;

  override get traits(): Traits {
    return this.with({ error: ERROR, keepsShape: false, tile: this.block, channels: [3] });
  }

  material(key: Key, shape: Shape): Promise<Codes> {
    return codes(key, [this.id], size(grid(grey(shape, this.block), this.block)), false);
  }

  planFromMaterial(shape: Shape, drawn: Codes): Steps {
    return new Steps(new Planes([shape[0], shape[1]]), scramble(grey(shape, this.block), this.block, drawn));
  }

  override plainShape([h, w, c]: Shape): Shape {
    if (w % 3 || c !== 1) throw new BadShape(`cipher images of ${this.id} are (h, 3 w, 1), got ${h}x${w}x${c}`);
    return [h, w / 3, 3];
  }
}

function grey(shape: Shape, block: number): Shape {
  grid(shape, block); // no block lies across two planes
  return [shape[0], 3 * shape[1], 1];
}
