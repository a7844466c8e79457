/**
 * Images into blocks and back: the one place that knows the layout.
 *
 * Blocks go row by row over the image; inside a block the order is row, column, channel. These move the elements of flat
 * arrays, so they work on pixels and on *positions* alike.
 */

import { BadShape } from "../errors.js";
import { placesOf } from "./arrays.js";

/** (h, w, c). */
export type Shape = readonly [number, number, number];
type Flat = Int32Array | Uint8Array;

/** How many numbers a shape holds. */
export function size(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}

/** 0, 1, ..., n - 1. */
export function range(n: number): Int32Array {
  return placesOf(n, (i) => i);
}

/** How many blocks of `block` x `block` an image has down and across. */
export function grid([h, w]: Shape, block: number): [number, number] {
  if (h % block || w % block) {
    throw new BadShape(`blocks of ${block}x${block} do not tile ${h}x${w}`,
      "pad the image ({ pad: true }) or use a block that divides both");
  }
  return [h / block, w / block];
}

/** The index of every sample of an image: run a scheme on it and read the order off. */
export function positions(shape: Shape): Int32Array {
  return range(size(shape));
}

/** (h, w, c) -> (blocks, block, block, c). */
export function toBlocks<T extends Flat>(image: T, shape: Shape, block: number): T {
  const out = new (image.constructor as new (n: number) => T)(image.length);
  eachRow(shape, block, (inImage, inBlocks, length) => out.set(image.subarray(inImage, inImage + length), inBlocks));
  return out;
}

/** (blocks, block, block, c) -> (h, w, c), the inverse of `toBlocks`. */
export function fromBlocks<T extends Flat>(blocks: T, shape: Shape, block: number): T {
  const out = new (blocks.constructor as new (n: number) => T)(blocks.length);
  eachRow(shape, block, (inImage, inBlocks, length) => out.set(blocks.subarray(inBlocks, inBlocks + length), inImage));
  return out;
}

/** Where each row of each block begins, in the image and among the blocks. */
function eachRow(shape: Shape, block: number, visit: (inImage: number, inBlocks: number, length: number) => void): void {
  const [down, across] = grid(shape, block);
  const [, w, c] = shape;
  let at = 0;
  for (let i = 0; i < down; i++) {
    for (let j = 0; j < across; j++) {
      for (let row = 0; row < block; row++, at += block * c) {
        visit(((i * block + row) * w + j * block) * c, at, block * c);
      }
    }
  }
}

/** The rows of (n, length) in another order: row i is row order[i]. */
export function rows<T extends Flat>(table: T, length: number, order: ArrayLike<number>): T {
  const out = new (table.constructor as new (n: number) => T)(order.length * length);
  for (let i = 0; i < order.length; i++) {
    out.set(table.subarray(order[i] * length, (order[i] + 1) * length), i * length);
  }
  return out;
}

/**
 * Parts of `length` samples with the first three of `c` channels in an order of their own: out[k] = in[orders[code][k]].
 *
 * codes: one for each part. Fewer than three channels have no order, and a fourth stays in place.
 */
export function recoloured(
  samples: Int32Array, length: number, c: number, codes: ArrayLike<number>, orders: readonly (readonly number[])[],
): Int32Array {
  const out = samples.slice();
  if (c < 3) return out;
  for (let i = 0; i < codes.length; i++) {
    const [r, g, b] = orders[codes[i]];
    for (let at = i * length; at < (i + 1) * length; at += c) {
      out[at] = samples[at + r];
      out[at + 1] = samples[at + g];
      out[at + 2] = samples[at + b];
    }
  }
  return out;
}
