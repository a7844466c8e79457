/** The rows of a PNG: filters undone, samples unpacked, the seven passes of an interlaced one. */

import { BadImage } from "../errors.js";

/** The pixels of one pass: every `down`-th row from `top`, every `across`-th column from `left`. */
export interface Pass {
  readonly h: number;
  readonly w: number;
  readonly top: number;
  readonly left: number;
  readonly down: number;
  readonly across: number;
}

const ADAM7 = [[0, 0, 8, 8], [0, 4, 8, 8], [4, 0, 8, 4], [0, 2, 4, 4], [2, 0, 4, 2], [0, 1, 2, 2], [1, 0, 2, 1]];

/** The passes of an interlaced picture that hold pixels. */
export function interlaced(h: number, w: number): Pass[] {
  return ADAM7.map(([top, left, down, across]) => ({
    h: Math.ceil((h - top) / down), w: Math.ceil((w - left) / across), top, left, down, across,
  })).filter((pass) => pass.h > 0 && pass.w > 0);
}

/** h rows without their filters. raw: each row after the type of its filter; step: bytes to the pixel before. */
export function unfilter(raw: Uint8Array, h: number, step: number): Uint8Array {
  const stride = raw.length / h - 1;
  const out = new Uint8Array(h * stride);
  for (let y = 0; y < h; y++) {
    const type = raw[y * (stride + 1)];
    if (type > 4) throw new BadImage(`the PNG is broken: there is no filter ${type}`);
    const from = y * (stride + 1) + 1;
    const to = y * stride;
    for (let i = 0; i < stride; i++) {
      const left = i >= step ? out[to + i - step] : 0;
      const up = y ? out[to + i - stride] : 0;
      const corner = y && i >= step ? out[to + i - stride - step] : 0;
      out[to + i] = raw[from + i] + predicted(type, left, up, corner);
    }
  }
  return out;
}

function predicted(type: number, left: number, up: number, corner: number): number {
  switch (type) {
    case 1: return left;
    case 2: return up;
    case 3: return (left + up) >> 1;
    case 4: {
      const [a, b, c] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
      return a <= b && a <= c ? left : b <= c ? up : corner;
    }
    default: return 0;
  }
}

/** The samples of the rows of a pass, each to its place in a picture of width `w`. */
export function packedRows(
  rows: Uint8Array, pass: Pass, bits: number, channels: number, samples: Uint8Array | Uint16Array, w: number,
): void {
  const stride = rows.length / pass.h;
  const perRow = pass.w * channels;
  for (let y = 0; y < pass.h; y++) {
    for (let i = 0; i < perRow; i++) {
      const x = Math.floor(i / channels);
      const to = ((pass.top + y * pass.down) * w + pass.left + x * pass.across) * channels + (i % channels);
      if (bits === 8) samples[to] = rows[y * stride + i];
      else if (bits === 16) samples[to] = rows[y * stride + 2 * i] * 256 + rows[y * stride + 2 * i + 1];
      else {
        const bit = i * bits;
        samples[to] = (rows[y * stride + (bit >> 3)] >> (8 - bits - (bit & 7))) & (2 ** bits - 1);
      }
    }
  }
}
