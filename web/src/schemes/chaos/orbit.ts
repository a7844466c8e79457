/** Orbits of chaotic maps as numbers, and three ways to make a byte of each. */

import { bytesOf } from "../../plans/arrays.js";
import type { ChaoticMap, Params } from "./maps.js";

export type Quantiser = "mantissa" | "floor256" | "threshold";

/** A number in [0, 1] to a byte. */
const QUANTISERS: Record<Quantiser, (x: number) => number> = {
  mantissa: (x) => {
    const whole = Math.floor(1e14 * x);
    return whole - 256 * Math.floor(whole / 256);
  },
  floor256: (x) => Math.min(255, Math.floor(256 * x)),
  threshold: (x) => (x >= 0.5 ? 255 : 0),
};

/** The `count` numbers after the first `burnIn` steps that follow the start. BadMaterial for weak parameters. */
export function orbit<P extends Params>(source: ChaoticMap<P>, count: number, burnIn: number, params: P): Float64Array {
  source.check(params);
  const out = new Float64Array(count);
  source.run(params, burnIn, out);
  return out;
}

/** `length` bytes from an orbit of `source`, after `burnIn` steps that give none. */
export function sequence<P extends Params>(
  source: ChaoticMap<P>, length: number, burnIn: number, quantiser: Quantiser, params: P,
): Uint8Array {
  return quantised(orbit(source, length, burnIn, params), quantiser);
}

/** A byte for each number. */
export function quantised(numbers: Float64Array, quantiser: Quantiser): Uint8Array {
  const quantise = QUANTISERS[quantiser];
  return bytesOf(numbers.length, (i) => quantise(numbers[i]));
}
