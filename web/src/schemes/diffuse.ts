/**
 * diffuse/1: the classical chaotic image cipher, permutation and chained substitution in rounds (Fridrich 1998).
 *
 *     y[i] = x[order[i]] + mask[i] + table[y[i - 1]]  mod 256,    y[-1] = start
 *
 * from the first to the last and, `backward`, from the last to the first. A round takes 256 + n + passes * (n + 1) numbers
 * of its orbit: the table and the order by sorting them, then start and mask of each pass as bytes. Hides: all that a
 * single cipher picture shows. Leaks: equality, sizes. Break: chosen ciphers.
 */

import type { Key } from "../keys/key.js";
import { orderOf } from "../keys/sorting.js";
import { type Shape, size } from "../plans/blocks.js";
import { Chain, type Pass } from "../plans/transforms/chain.js";
import { Scheme } from "./base.js";
import { Logistic, type LogisticParams } from "./chaos/maps.js";
import { orbit, quantised } from "./chaos/orbit.js";
import { flag, within } from "./fields.js";

/** Rounds of permutation and chained substitution. material: x0 and r of each round. */
export class Diffuse extends Scheme<readonly LogisticParams[], Uint8Array> {
  static readonly id = "diffuse/1";
  static readonly paper = "J. Fridrich, Int. J. Bifurcation and Chaos 8(6):1259-1284 (1998)";
  static override readonly fields = {
    rounds: within(1, 16, 2), backward: flag(true), burn_in: within(0, 1_000_000, 100),
  };
  declare readonly rounds: number;
  declare readonly backward: boolean;
  declare readonly burn_in: number;

  async material(key: Key): Promise<readonly LogisticParams[]> {
    const bytes = await (await key.derive(this.id, "rounds")).stream().bytes(16 * this.rounds);
    const words = new BigUint64Array(bytes.slice().buffer);
    return Array.from({ length: this.rounds }, (_, i) => Logistic.fromWords(words.subarray(2 * i, 2 * i + 2)));
  }

  planFromMaterial(shape: Shape, rounds: readonly LogisticParams[]): Chain {
    return new Chain(rounds.flatMap((params) => this.#round(size(shape), params)));
  }

  #round(n: number, params: LogisticParams): Pass[] {
    const passes = this.backward ? 2 : 1;
    const numbers = orbit(Logistic, 256 + n + passes * (n + 1), this.burn_in, params);
    const table = Uint8Array.from(orderOf(numbers.subarray(0, 256)));
    const order = orderOf(numbers.subarray(256, 256 + n));
    const masks = quantised(numbers.subarray(256 + n), "mantissa");
    return Array.from({ length: passes }, (_, i) => ({
      order: i ? null : order,
      start: masks[i * (n + 1)],
      mask: masks.subarray(i * (n + 1) + 1, (i + 1) * (n + 1)),
      table,
      backward: i > 0,
    }));
  }
}
