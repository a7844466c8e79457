/**
 * LE's step on the nibbles of blocks, which LE and ELE share: invert, shuffle, invert (Tanaka 2018).
 *
 * A key is a permutation of a block's n = 2 * block * block * c nibbles, its low halves before its high ones. The nibbles
 * where it is above n / 2 are inverted (v -> 15 - v), the block is gathered by it, and the same places are inverted again.
 */

import { positions, type Shape, size, toBlocks } from "../plans/blocks.js";
import { Plan } from "../plans/plan.js";

/** The plan that scrambles block i with keys(i), and then fills block i from block source[i], where it is given. */
export function scramble(shape: Shape, block: number, keys: (i: number) => Int32Array, source?: Int32Array): Plan {
  const samples = toBlocks(positions(shape), shape, block);
  const half = block * block * shape[2];
  const unit = (i: number, k: number): number =>
    k < half ? 2 * samples[i * half + k] : 2 * samples[i * half + k - half] + 1;
  const order = new Int32Array(2 * size(shape));
  const mask = new Uint8Array(order.length);
  for (let i = 0; i < samples.length / half; i++) {
    const from = source ? source[i] : i;
    const key = keys(from);
    for (let k = 0; k < 2 * half; k++) {
      const place = key[k];
      order[unit(i, k)] = unit(from, place);
      // A nibble is inverted where it came from, and again where it goes: twice is not at all.
      if (key[place] > half !== place > half) mask[unit(i, k)] = 15;
    }
  }
  return new Plan({ order, mask, unit: 4 });
}
