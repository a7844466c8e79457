/**
 * Bilinear resizing over the area that a new pixel covers where it shrinks, with the very bytes of Pillow's.
 *
 * Samples of 8 bits go through weights of 22 bits after the point, those of 16 bits through
 * binary64 sums that are kept as binary32 between the two. With transparency, colours are weighted by it.
 */

import type { Raster } from "./png.js";

const BITS = 22;

/** For each new place: the first old place that counts, and the weights from there on. */
type Weights = { from: number; weights: Float64Array }[];
type Samples = Uint8Array | Float32Array;

/** The picture at (height, width). */
export function resize(picture: Raster, [h, w]: readonly [number, number]): Raster {
  const { shape: [height, width, c], data } = picture;
  if (height === h && width === w) return picture;
  if (data instanceof Uint16Array) {
    const real = passes(Float32Array.from(data), picture.shape, h, w, (weights) => weights);
    return { shape: [h, w, c], data: Uint16Array.from(real, (x) => Math.min(Math.max(nearest(x), 0), 65535)) };
  }
  const clear = c === 2 || c === 4;
  const samples = passes(clear ? weighted(data, c) : data, picture.shape, h, w, fixed);
  return { shape: [h, w, c], data: clear ? unweighted(samples, c) : samples };
}

/** Columns, then rows; the other way round where that leaves less to do, by the measure of Pillow 13. */
function passes<T extends Samples>(
  from: T, [height, width, c]: Raster["shape"], h: number, w: number, kind: (weights: Weights) => Weights,
): T {
  const across = (samples: T, lines: number): T =>
    w === width ? samples : columns(samples, lines, width, c, kind(weightsFor(width, w)));
  const down = (samples: T, length: number): T =>
    h === height ? samples : rows(samples, length * c, kind(weightsFor(height, h)));
  const rowsFirst = height > h && height - h > 2 * (width - w);
  return rowsFirst ? across(down(from, width), h) : down(across(from, height), w);
}

function weightsFor(before: number, after: number): Weights {
  const scale = before / after;
  const reach = Math.max(scale, 1);
  return Array.from({ length: after }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const from = Math.max(Math.trunc(centre - reach + 0.5), 0);
    const to = Math.min(Math.trunc(centre + reach + 0.5), before);
    const inverse = 1 / reach;
    const weights = Float64Array.from({ length: to - from }, (_, k) => {
      const distance = Math.abs((k + from - centre + 0.5) * inverse);
      return distance < 1 ? 1 - distance : 0;
    });
    const sum = weights.reduce((a, b) => a + b, 0);
    return { from, weights: sum ? weights.map((weight) => weight / sum) : weights };
  });
}

/** Weights as whole numbers of 2^-22. */
function fixed(weights: Weights): Weights {
  return weights.map((one) => ({ ...one, weights: one.weights.map((weight) => Math.trunc(0.5 + weight * 2 ** BITS)) }));
}

function columns<T extends Samples>(from: T, h: number, w: number, c: number, weights: Weights): T {
  const out = like(from, h * weights.length * c);
  for (let y = 0, at = 0; y < h; y++) {
    for (const { from: first, weights: row } of weights) {
      for (let k = 0; k < c; k++, at++) out[at] = summed(from, (y * w + first) * c + k, c, row);
    }
  }
  return out;
}

function rows<T extends Samples>(from: T, length: number, weights: Weights): T {
  const out = like(from, weights.length * length);
  let at = 0;
  for (const { from: first, weights: column } of weights) {
    for (let i = 0; i < length; i++, at++) out[at] = summed(from, first * length + i, length, column);
  }
  return out;
}

function like<T extends Samples>(from: T, n: number): T {
  return new (from.constructor as new (n: number) => T)(n);
}

function summed(from: Samples, first: number, step: number, weights: Float64Array): number {
  const whole = from instanceof Uint8Array;
  let sum = whole ? 2 ** (BITS - 1) : 0;
  for (let i = 0; i < weights.length; i++) sum += from[first + i * step] * weights[i];
  return whole ? Math.min(Math.max(Math.floor(sum / 2 ** BITS), 0), 255) : sum;
}

/** Colours times their opacity. */
function weighted(data: Uint8Array, c: number): Uint8Array {
  return data.map((value, i) => {
    if (i % c === c - 1) return value;
    const product = value * data[i - (i % c) + c - 1] + 128;
    return ((product >> 8) + product) >> 8;
  });
}

function unweighted(data: Uint8Array, c: number): Uint8Array {
  return data.map((value, i) => {
    const opacity = data[i - (i % c) + c - 1];
    if (i % c === c - 1 || opacity === 0 || opacity === 255) return value;
    return Math.min(255, Math.trunc((255 * value) / opacity));
  });
}

/** The nearest whole number, halves to the even one, as Python rounds. */
export function nearest(x: number): number {
  const down = Math.floor(x);
  return x - down === 0.5 ? down + (down % 2) : Math.round(x);
}
