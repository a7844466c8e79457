/**
 * Lookup: some samples of an image replaced by what a table says, the others kept; and back.
 *
 *     y[i] = values[x[i]] where where[i], else x[i]
 */

import { BadInput } from "../../errors.js";
import { type Images, images } from "../images.js";
import type { Transform } from "../plan.js";

/** uint8 to uint16. where: 1 for each sample that goes through the table. values: 256 different ones below `limit`. */
export class Lookup implements Transform<Uint8Array, Uint16Array> {
  constructor(
    readonly where: Uint8Array,
    readonly values: ArrayLike<number>,
    readonly limit: number,
  ) {}

  apply(batch: Images): Images<Uint16Array> {
    const { where, values } = this;
    const out = Uint16Array.from(batch.data);
    for (let i = 0; i < out.length; i++) if (where[i % where.length]) out[i] = values[out[i]];
    return images(out, batch.shape);
  }

  /** A sample that no picture gives (a wrong key, an altered image) becomes its lowest eight bits. */
  inverse(): Transform<Uint16Array, Uint8Array> {
    const table = Uint8Array.from({ length: this.limit }, (_, i) => i);
    for (let i = 0; i < 256; i++) table[this.values[i]] = i;
    return {
      inverse: () => this,
      apply: (batch) => {
        const most = batch.data.reduce((a, b) => Math.max(a, b), 0);
        if (most >= this.limit) {
          throw new BadInput(`samples of these cipher images lie in 0..${this.limit - 1}, got ${most}`);
        }
        const { where } = this;
        return images(Uint8Array.from(batch.data, (v, i) => (where[i % where.length] ? table[v] : v)), batch.shape);
      },
    };
  }
}
