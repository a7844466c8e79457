/**
 * The chaotic maps: how parameters are drawn from words, which are weak, and the steps.
 *
 * Every step is + - x / and comparison of binary64 numbers in exactly the order written here. IEEE 754 fixes these to the
 * last bit and JavaScript never fuses or reorders any, so the bytes are those of Python. docs/spec/chaos.md.
 */

import { BadMaterial } from "../../errors.js";

/** Parameters of a map: numbers, or eight of them for the sites of a lattice. All of them are secret. */
export type Params = Record<string, number | readonly number[]>;

/** A map. words: how many 64-bit words its parameters take. run: fills `out` with the numbers after `skip` of them. */
export interface ChaoticMap<P extends Params> {
  readonly words: number;
  /** How many numbers one step gives. */
  readonly width: number;
  fromWords(words: BigUint64Array): P;
  /** BadMaterial for parameters that are out of range or known to be weak. No message shows a value. */
  check(params: P): void;
  run(params: P, skip: number, out: Float64Array): void;
}

export type LogisticParams = { x0: number; r: number };

/** x = (r x) (1 - x). Parameters: x0 in (0, 1), r in (3.57, 4]. R. May, Nature 261:459-467 (1976). */
export const Logistic: ChaoticMap<LogisticParams> = {
  words: 2,
  width: 1,
  fromWords: ([u, v]) => ({ x0: openUnit(u), r: drawR(v) }),
  check({ x0, r }) {
    if (!(0 < x0 && x0 < 1)) throw new BadMaterial("x0 of the logistic map lies between 0 and 1, both excluded");
    checkR(r);
    if ([x0, 1 - x0].some((x) => x === 0.5 || x === 0.75 || x === 1 - 1 / r)) {
      throw new BadMaterial("x0 is a weak start: its orbit is a fixed point or falls to one", "take another x0");
    }
  },
  run({ x0, r }, skip, out) {
    let x = x0;
    for (let n = -skip; n < out.length; n++) {
      x = (r * x) * (1 - x);
      if (n >= 0) out[n] = x;
    }
  },
};

/** x / p below p, (1 - x) / (1 - p) from p on. M. Hasler, Y. Maistrenko, IEEE Trans. Circuits Syst. I 44:856 (1997). */
export const SkewTent: ChaoticMap<{ x0: number; p: number }> = {
  words: 2,
  width: 1,
  fromWords: ([u, v]) => ({ x0: openUnit(u), p: 0.25 + (0.2 * top53(v)) * 2 ** -53 }),
  check({ x0, p }) {
    if (!(0 < x0 && x0 < 1)) throw new BadMaterial("x0 of the skew tent map lies between 0 and 1, both excluded");
    if (!(0.01 < p && p < 0.99)) throw new BadMaterial("p of the skew tent map lies between 0.01 and 0.99");
    if (Math.abs(p - 0.5) < 0.01) throw new BadMaterial("p of the skew tent map keeps 0.01 away from 1/2");
    const rest = 1 / (2 - p);
    if (x0 === p || x0 === rest || x0 === p * rest) {
      throw new BadMaterial("x0 is a weak start: its orbit is a fixed point or falls to one", "take another x0");
    }
  },
  run({ x0, p }, skip, out) {
    let x = x0;
    for (let n = -skip; n < out.length; n++) {
      x = x < p ? x / p : (1 - x) / (1 - p);
      if (n >= 0) out[n] = x;
    }
  },
};

/** x, y = 1 - a x^2 + y, b x with a = 1.4 and b = 0.3; its numbers are (x + 1.5) / 3. M. Henon (1976). */
export const Henon: ChaoticMap<{ x0: number; y0: number }> = {
  words: 2,
  width: 1,
  fromWords: ([s, t]) => ({ x0: 2 * openUnit(s) - 1, y0: 0.2 * openUnit(t) - 0.1 }),
  check({ x0, y0 }) {
    if (!(-1 <= x0 && x0 <= 1)) throw new BadMaterial("x0 of the Henon map lies in -1..1");
    if (!(-0.1 <= y0 && y0 <= 0.1)) throw new BadMaterial("y0 of the Henon map lies in -0.1..0.1");
  },
  run({ x0, y0 }, skip, out) {
    let x = x0;
    let y = y0;
    for (let n = -skip; n < out.length; n++) {
      const before = x;
      x = (1 - (1.4 * x) * x) + y;
      y = 0.3 * before;
      if (n >= 0) out[n] = (x + 1.5) / 3;
    }
  },
};

/** Eight logistic maps on a ring, x[i] = 0.95 f[i] + 0.025 (f[i - 1] + f[i + 1]). K. Kaneko (1985). */
export const Lattice: ChaoticMap<{ x0: readonly number[]; r: number }> = {
  words: 9,
  width: 8,
  fromWords: (words) => ({ x0: Array.from(words.subarray(0, 8), openUnit), r: drawR(words[8]) }),
  check({ x0, r }) {
    if (x0.length !== 8 || !x0.every((x) => 0 < x && x < 1)) {
      throw new BadMaterial("every x0 of the lattice lies between 0 and 1, both excluded");
    }
    checkR(r);
    // x and 1 - x are one number after a step but for its rounding: a symmetry up to that is refused too.
    const folded = x0.map((x) => Math.min(x, 1 - x));
    const mirrored = [...folded].reverse();
    const looksLike = (other: number[], k: number): boolean => folded.every((x, i) => x === other[(i + k) % 8]);
    if ([0, 1, 2, 3, 4, 5, 6, 7].some((k) => (k > 0 && looksLike(folded, k)) || looksLike(mirrored, k))) {
      throw new BadMaterial("x0 is a weak start: the ring is the same turned or mirrored and stays so", "take another x0");
    }
  },
  run({ x0, r }, skip, out) {
    const x = Float64Array.from(x0);
    const f = new Float64Array(10);
    for (let n = -8 * skip; n < out.length; n += 8) {
      for (let i = 0; i < 8; i++) f[i + 1] = (r * x[i]) * (1 - x[i]);
      f[0] = f[8];
      f[9] = f[1];
      for (let i = 0; i < 8; i++) {
        x[i] = 0.95 * f[i + 1] + 0.025 * (f[i] + f[i + 2]);
        if (n >= 0 && n + i < out.length) out[n + i] = x[i];
      }
    }
  },
};

/** The periodic windows of (3.57, 4] that are wider than 0.001: first, last. docs/spec/chaos.md. */
const WINDOWS = [
  [3.828427, 3.856801], [3.960101, 3.961596], [3.738172, 3.744711], [3.905571, 3.906773],
  [3.626553, 3.634844], [3.701640, 3.702794], [3.605208, 3.606779], [3.582023, 3.583728],
];

/** The top 53 bits of a word, an exact binary64 number. */
function top53(word: bigint): number {
  return Number(word >> 11n);
}

/** A number in (0, 1) from the top 53 bits u of a 64-bit word: (u + 1/2) 2^-53, the sum rounded to binary64. */
function openUnit(word: bigint): number {
  return (top53(word) + 0.5) * 2 ** -53;
}

/** 3.9999 + 0.0001 v 2^-53, each step rounded: where periodic orbits are rarest. */
function drawR(word: bigint): number {
  return 3.9999 + (0.0001 * top53(word)) * 2 ** -53;
}

function checkR(r: number): void {
  if (!(3.57 < r && r <= 4)) throw new BadMaterial("r of the logistic map lies above 3.57 and is at most 4");
  if (WINDOWS.some(([low, high]) => low <= r && r <= high)) {
    throw new BadMaterial("r lies in a periodic window of the logistic map", "take an r above 3.99");
  }
}
