/**
 * Colour pictures as luma and two colour differences, JFIF full range, and back: 4:4:4, no subsampling.
 *
 * ITU-T T.871 (JFIF 1.02), in whole numbers, rounded half up and kept in 0..255, so the bytes are the same everywhere.
 * There and back, no sample of any of the 2^24 colours changes by more than 1.
 */

import { type Images, images } from "../images.js";
import type { Transform } from "../plan.js";

/** The largest difference of a sample after there and back, over all 2^24 colours. */
export const ERROR = 1;

function toYCbCr(r: number, g: number, b: number): [number, number, number] {
  // Each half of the divisor rounds; at the blue and red corners the exact value is 255.5.
  return [
    Math.floor((299 * r + 587 * g + 114 * b + 500) / 1000),
    Math.min(Math.floor((-299 * r - 587 * g + 886 * b + 128 * 1772 + 886) / 1772), 255),
    Math.min(Math.floor((701 * r - 587 * g - 114 * b + 128 * 1402 + 701) / 1402), 255),
  ];
}

function fromYCbCr(y: number, blue: number, red: number): [number, number, number] {
  const cb = blue - 128;
  const cr = red - 128;
  return [
    y + Math.floor((1402 * cr + 500) / 1000),
    y + Math.floor((-114 * 1772 * cb - 299 * 1402 * cr + 293_500) / 587_000),
    y + Math.floor((1772 * cb + 500) / 1000),
  ].map((value) => Math.min(Math.max(value, 0), 255)) as [number, number, number];
}

/** Colour pictures (h, w, 3) as one grey image (h, 3 w, 1): Y, Cb and Cr side by side. `undo` is the way back. */
export class Planes implements Transform {
  constructor(
    readonly size: readonly [number, number],
    readonly undo = false,
  ) {}

  inverse(): Planes {
    return new Planes(this.size, !this.undo);
  }

  apply(batch: Images): Images {
    const [h, w] = this.size;
    const n = batch.shape[0];
    const out = images(new Uint8Array(batch.data.length), this.undo ? [n, h, w, 3] : [n, h, 3 * w, 1]);
    const from = batch.data;
    for (let row = 0, at = 0; row < n * h; row++) {
      for (let x = 0; x < w; x++, at += 3) {
        const plane = row * 3 * w + x;
        if (this.undo) {
          out.data.set(fromYCbCr(from[plane], from[plane + w], from[plane + 2 * w]), at);
        } else {
          const [y, cb, cr] = toYCbCr(from[at], from[at + 1], from[at + 2]);
          out.data[plane] = y;
          out.data[plane + w] = cb;
          out.data[plane + 2 * w] = cr;
        }
      }
    }
    return out;
  }

}
