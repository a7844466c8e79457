/** Rotation: one orthogonal matrix for all patches of an image, uint8 to float32 and back to every byte. */

import { BadDtype } from "../../errors.js";
import { grid, type Shape, size } from "../blocks.js";
import { type Images, images, type Kind } from "../images.js";
import type { Transform } from "../plan.js";

/** y = matrix x for every patch x of block x block pixels, flattened channel, row, column; `undo` is its inverse. */
export class Rotation<In extends Kind = Uint8Array, Out extends Kind = Float32Array> implements Transform<In, Out> {
  readonly #places: Int32Array; // of the samples, patch by patch
  readonly #rows: Float64Array; // of what x is multiplied by, four side by side

  /** matrix: (d, d), row after row, multiples of 2^-30: the products are exact in doubles, and y is rounded once. */
  constructor(
    readonly shape: Shape,
    readonly block: number,
    readonly matrix: Float64Array,
    readonly undo = false,
  ) {
    this.#places = patches(shape, block);
    this.#rows = sideBySide(matrix, block ** 2 * shape[2], undo);
  }

  inverse(): Transform<Out, In> {
    return new Rotation<Out, In>(this.shape, this.block, this.matrix, !this.undo);
  }

  apply(batch: Images<In>): Images<Out> {
    const from = batch.data;
    const out = this.undo ? new Uint8Array(from.length) : new Float32Array(from.length);
    const [places, rows, undo] = [this.#places, this.#rows, this.undo];
    const d = this.block ** 2 * this.shape[2];
    const [x, y] = [new Float64Array(2 * d), new Float64Array(8)];
    for (let image = 0; image < from.length; image += places.length) {
      for (let one = 0; one < places.length; one += 2 * d) {
        const other = Math.min(one + d, places.length - d); // the last one twice where their number is odd
        for (let j = 0; j < d; j++) {
          x[2 * j] = from[image + places[one + j]];
          x[2 * j + 1] = from[image + places[other + j]];
        }
        for (let i = 0; i < d; i += 4) {
          products(rows, i * d, x, y);
          for (let k = 0; k < 4 && i + k < d; k++) {
            // Far from a half where nothing was changed, so it does not matter which way a half goes.
            out[image + places[one + i + k]] = undo ? byte(y[k]) : y[k];
            out[image + places[other + i + k]] = undo ? byte(y[k + 4]) : y[k + 4];
          }
        }
      }
    }
    return images(out as Out, batch.shape);
  }
}

function byte(value: number): number {
  if (!Number.isFinite(value)) throw new BadDtype("cipher images hold NaN or infinity");
  return Math.min(Math.max(Math.round(value), 0), 255);
}

/**
 * Four rows times two vectors: y = the products with the one, then those with the other. Eight sums stay in registers,
 * and each number that is read serves several; exact, so that their order does not matter.
 */
function products(rows: Float64Array, at: number, x: Float64Array, y: Float64Array): void {
  let [a, b, c, d, e, f, g, h] = [0, 0, 0, 0, 0, 0, 0, 0];
  let row = at;
  for (let j = 0; j < x.length; j += 2) {
    const one = x[j];
    const other = x[j + 1];
    const p = rows[row];
    const q = rows[row + 1];
    const r = rows[row + 2];
    const s = rows[row + 3];
    row += 4;
    a += p * one;
    b += q * one;
    c += r * one;
    d += s * one;
    e += p * other;
    f += q * other;
    g += r * other;
    h += s * other;
  }
  y[0] = a;
  y[1] = b;
  y[2] = c;
  y[3] = d;
  y[4] = e;
  y[5] = f;
  y[6] = g;
  y[7] = h;
}

/** The rows of a matrix (d, d), or its columns, four at a time: four first numbers, four second ones, and so on. */
function sideBySide(matrix: Float64Array, d: number, columns: boolean): Float64Array {
  const found = new Float64Array(Math.ceil(d / 4) * 4 * d); // what is beyond the last row stays 0
  for (let i = 0; i < d; i++) {
    for (let j = 0; j < d; j++) {
      found[(i - (i % 4)) * d + 4 * j + (i % 4)] = columns ? matrix[j * d + i] : matrix[i * d + j];
    }
  }
  return found;
}

/** The samples of each patch in turn, channel, row, column inside it. */
function patches(shape: Shape, block: number): Int32Array {
  const [down, across] = grid(shape, block);
  const [, w, c] = shape;
  const places = new Int32Array(size(shape));
  let at = 0;
  for (let i = 0; i < down * across; i++) {
    const corner = (Math.floor(i / across) * block * w + (i % across) * block) * c;
    for (let k = 0; k < c; k++) {
      for (let y = 0; y < block; y++) {
        for (let x = 0; x < block; x++) places[at++] = corner + (y * w + x) * c + k;
      }
    }
  }
  return places;
}
