/**
 * Chains: passes of gather, mask and feedback over the bytes of an image, in which each byte changes all that follow.
 *
 *     y[i] = x[order[i]] + mask[i] + table[y[i - 1]]  mod 256,    y[-1] = start
 *
 * A pass that walks backwards runs from the last byte to the first. Undoing needs no chain: all of y is known.
 */

import { range } from "../blocks.js";
import { type Images, images, imageAt } from "../images.js";
import type { Transform } from "../plan.js";

/** One walk over an image. order: null where every byte stays in its place; mask: in the order of the walk. */
export interface Pass {
  order: Int32Array | null;
  mask: Uint8Array;
  table: Uint8Array;
  start: number;
  backward: boolean;
}

/** Passes one after the other; `undo` runs their inverses from the last to the first. */
export class Chain implements Transform {
  constructor(
    readonly passes: readonly Pass[],
    readonly undo = false,
  ) {}

  inverse(): Chain {
    return new Chain(this.passes, !this.undo);
  }

  apply(batch: Images): Images {
    const out = images(batch.data.slice(), batch.shape);
    for (let i = 0; i < batch.shape[0]; i++) {
      const image = imageAt(out, i);
      for (const pass of this.undo ? [...this.passes].reverse() : this.passes) {
        (this.undo ? restore : substitute)(image.slice(), pass, image);
      }
    }
    return out;
  }
}

/** Positions in the order of the walk: where byte i of it is read, and where it is written. */
function walk({ order, backward }: Pass, n: number): [Int32Array, Int32Array] {
  const places = backward ? range(n).reverse() : range(n);
  return [order ?? places, places];
}

function substitute(x: Uint8Array, pass: Pass, y: Uint8Array): void {
  const [from, to] = walk(pass, x.length);
  let before = pass.start;
  for (let i = 0; i < x.length; i++) {
    before = (x[from[i]] + pass.mask[i] + pass.table[before]) & 255;
    y[to[i]] = before;
  }
}

function restore(y: Uint8Array, pass: Pass, x: Uint8Array): void {
  const [from, to] = walk(pass, y.length);
  let before = pass.start;
  for (let i = 0; i < y.length; i++) {
    const value = y[to[i]];
    x[from[i]] = value - pass.mask[i] - pass.table[before];
    before = value;
  }
}
