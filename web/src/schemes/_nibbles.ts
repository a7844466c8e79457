/**
 * LE's step on the nibbles of blocks, which LE and ELE share: invert, shuffle, invert (Tanaka 2018).
 *
 * A key is a permutation of a block's n = 2 * block * block * c nibbles, its low halves before its high ones. The nibbles
 * where it is above n / 2 are inverted (v -> 15 - v), the block is gathered by it, and the same places are inverted again.
 */

import { positions, type Shape, toBlocks } from "../plans/blocks.js";
import { Plan } from "../plans/plan.js";

/** The plan that scrambles block i with keys(i), and then fills block i from block source[i], where it is given. */
export function scramble(shape: Shape, block: number, keys: (i: number) => Int32Array, source?: Int32Array): Plan {
  const samples = toBlocks(positions(shape), shape, block);
  const half = block * block * shape[2];
  const n = 2 * half;
  // Nibble k of block i of the picture, low halves first, is unit units[i * n + k] of the plan.
  const units = new Int32Array(2 * samples.length);
  for (let i = 0, at = 0; at < units.length; i += half, at += n) {
    for (let k = 0; k < half; k++) {
      units[at + k] = 2 * samples[i + k];
      units[at + half + k] = 2 * samples[i + k] + 1;
    }
  }
  const order = new Int32Array(units.length);
  const mask = new Uint8Array(units.length);
  for (let i = 0; i < units.length / n; i++) {
    const from = source ? source[i] : i;
    const key = keys(from);
    for (let k = 0; k < n; k++) {
      const place = key[k];
      const unit = units[i * n + k];
      order[unit] = units[from * n + place];
      // A nibble is inverted where it came from, and again where it goes: twice is not at all.
      if (key[place] > half !== place > half) mask[unit] = 15;
    }
  }
  return new Plan({ order, mask, unit: 4 });
}
