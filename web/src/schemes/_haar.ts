/**
 * Random orthogonal matrices from a key stream, the same to the last bit everywhere.
 *
 * Stewart's method (SIAM J. Numer. Anal. 17:403-409, 1980): reflections of random vectors of dimension 1, 2, ..., d, whose
 * coordinates are sums of four 16-bit numbers. + - * / and square root of doubles, in one order: docs/spec/orthogonal.md.
 */

import type { Keystream } from "../keys/stream.js";

const STEP = 2 ** 30; // entries are whole multiples of its inverse
const ROUND = 1.5 * 2 ** 52; // added and taken away again it rounds to a whole number, half to even

/** The nearest whole number, half to even; for numbers below 2^51. */
export function rounded(value: number): number {
  return value + ROUND - ROUND;
}

/** Entries as multiples of 2^-30. */
export function quantised(matrix: Float64Array): Float64Array {
  return matrix.map((value) => rounded(value * STEP) / STEP);
}

/** A matrix (d, d), row after row. */
export async function orthogonal(stream: Keystream, d: number): Promise<Float64Array> {
  const words = new Uint16Array((await stream.bytes(4 * d * (d + 1))).slice().buffer);
  const numbers = Float64Array.from({ length: words.length / 4 }, (_, i) =>
    words[4 * i] + words[4 * i + 1] + words[4 * i + 2] + words[4 * i + 3] - 131070);
  const matrix = new Float64Array(d * d);
  for (let i = 0; i < d; i++) matrix[i * d + i] = 1;
  let at = numbers.length;
  for (let m = 1; m <= d; m++) { // the stream holds the longest vector first, the shortest is used first
    at -= m;
    reflect(matrix, d, numbers.slice(at, at + m));
  }
  return quantised(matrix);
}

/** a <- -s (I - b v v^T) a, for the last rows and columns of the matrix; v = x + s |x| e_0. Zeros change nothing. */
function reflect(matrix: Float64Array, d: number, x: Float64Array): void {
  const first = d - x.length;
  const length = Math.sqrt(x.reduce((sum, value) => sum + value * value, 0)); // whole numbers below 2^53: exact
  if (length === 0) return;
  const sign = x[0] < 0 ? -1 : 1;
  const scale = 1 / (length * (length + Math.abs(x[0])));
  x[0] += sign * length;
  const w = new Float64Array(d);
  for (let i = 0; i < x.length; i++) {
    for (let j = first; j < d; j++) w[j] += x[i] * matrix[(first + i) * d + j];
  }
  for (let j = first; j < d; j++) w[j] *= scale;
  for (let i = 0; i < x.length; i++) {
    for (let j = first; j < d; j++) {
      const place = (first + i) * d + j;
      matrix[place] = -sign * (matrix[place] - x[i] * w[j]);
    }
  }
}
