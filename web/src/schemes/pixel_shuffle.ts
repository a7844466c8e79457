/**
 * pixel-shuffle/1: pixels in the order of a chaotic sequence, the confusion stage of the classical image ciphers.
 *
 * The orbit of a logistic map is sorted, and pixel i of the cipher is the pixel whose number in the orbit is the i-th
 * smallest. Hides: where everything is. Leaks: every pixel value, equality, sizes. Break: one or two chosen pictures.
 */

import type { Key } from "../keys/key.js";
import { orderOf } from "../keys/sorting.js";
import { placesOf } from "../plans/arrays.js";
import { type Shape, size } from "../plans/blocks.js";
import { Plan } from "../plans/plan.js";
import { Scheme } from "./base.js";
import { Logistic, type LogisticParams } from "./chaos/maps.js";
import { orbit } from "./chaos/orbit.js";
import { oneOf, within } from "./fields.js";

/** A permutation of pixels by sorting a logistic orbit. unit: what moves, a "pixel" with all channels or each "sample". */
export class PixelShuffle extends Scheme<LogisticParams, Uint8Array> {
  static readonly id = "pixel-shuffle/1";
  static readonly paper = "J. Fridrich, Int. J. Bifurcation and Chaos 8(6):1259-1284 (1998), the confusion stage";
  static override readonly fields = { unit: oneOf("pixel", "sample"), burn_in: within(0, 1_000_000, 100) };
  declare readonly unit: "pixel" | "sample";
  declare readonly burn_in: number;

  async material(key: Key): Promise<LogisticParams> {
    const words = await (await key.derive(this.id, "orbit")).stream().bytes(16);
    return Logistic.fromWords(new BigUint64Array(words.slice().buffer));
  }

  planFromMaterial(shape: Shape, params: LogisticParams): Plan {
    const c = this.unit === "pixel" ? shape[2] : 1;
    const moved = orderOf(orbit(Logistic, size(shape) / c, this.burn_in, params));
    return new Plan({ order: placesOf(size(shape), (i) => moved[Math.floor(i / c)] * c + (i % c)) });
  }
}
