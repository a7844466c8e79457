/** Rotation: one orthogonal matrix for all patches of an image, uint8 to float32 and back to every byte. */

import { BadDtype } from "../../errors.js";
import { grid, type Shape, size } from "../blocks.js";
import { type Images, images, type Kind } from "../images.js";
import type { Transform } from "../plan.js";

/** y = matrix x for every patch x of block x block pixels, flattened channel, row, column; `undo` is its inverse. */
export class Rotation<In extends Kind = Uint8Array, Out extends Kind = Float32Array> implements Transform<In, Out> {
  readonly #places: Int32Array; // of the samples, patch by patch
  readonly #rows: Float64Array; // of what x is multiplied by

  /** matrix: (d, d), row after row, multiples of 2^-30: the products are exact in doubles, and y is rounded once. */
  constructor(
    readonly shape: Shape,
    readonly block: number,
    readonly matrix: Float64Array,
    readonly undo = false,
  ) {
    this.#places = patches(shape, block);
    this.#rows = undo ? transposed(matrix, block ** 2 * shape[2]) : matrix;
  }

  inverse(): Transform<Out, In> {
    return new Rotation<Out, In>(this.shape, this.block, this.matrix, !this.undo);
  }

  apply(batch: Images<In>): Images<Out> {
    const from = batch.data;
    const out = this.undo ? new Uint8Array(from.length) : new Float32Array(from.length);
    const [places, matrix, undo] = [this.#places, this.#rows, this.undo];
    const d = this.block ** 2 * this.shape[2];
    const x = new Float64Array(d);
    for (let image = 0; image < from.length; image += places.length) {
      for (let at = 0; at < places.length; at += d) {
        for (let j = 0; j < d; j++) x[j] = from[image + places[at + j]];
        for (let i = 0; i < d; i++) {
          const value = product(matrix, i * d, x);
          // Far from a half where nothing was changed, so it does not matter which way a half goes.
          out[image + places[at + i]] = undo ? byte(value) : value;
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

/** A row of the matrix times x. Four sums at a time: exact, so that their order does not matter. */
function product(matrix: Float64Array, at: number, x: Float64Array): number {
  const whole = x.length - (x.length % 4);
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let j = 0; j < whole; j += 4) {
    a += matrix[at + j] * x[j];
    b += matrix[at + j + 1] * x[j + 1];
    c += matrix[at + j + 2] * x[j + 2];
    d += matrix[at + j + 3] * x[j + 3];
  }
  for (let j = whole; j < x.length; j++) a += matrix[at + j] * x[j];
  return a + b + (c + d);
}

function transposed(matrix: Float64Array, d: number): Float64Array {
  return matrix.map((_, place) => matrix[(place % d) * d + Math.floor(place / d)]);
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
