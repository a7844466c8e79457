/** What the schemes share that XOR samples with a shuffled sequence of a chaotic map: fields, key material, the plan. */

import type { Key } from "../keys/key.js";
import { bytesOf } from "../plans/arrays.js";
import { range, type Shape, size } from "../plans/blocks.js";
import { Plan } from "../plans/plan.js";
import { permutation, Scheme } from "./base.js";
import type { ChaoticMap, Params } from "./chaos/maps.js";
import { type Quantiser, sequence } from "./chaos/orbit.js";
import { flag, oneOf, within } from "./fields.js";

type Material<P> = { params: P; perm: Int32Array };

/**
 * XOR with a shuffled chaotic sequence, one for the data set.
 *
 * quantiser: how a number in [0, 1] becomes a byte. index: "sample", h * w * c values, or "pixel", h * w values shared by
 * the channels. burn_in: steps dropped before the first value. shuffle: whether the second key permutes the sequence.
 */
export abstract class ChaoticXor<P extends Params> extends Scheme<Material<P>, Uint8Array> {
  static override readonly fields = {
    quantiser: oneOf("mantissa", "floor256", "threshold"),
    index: oneOf("sample", "pixel"),
    burn_in: within(0, 1_000_000, 100),
    shuffle: flag(true),
  };
  declare readonly quantiser: Quantiser;
  declare readonly index: "sample" | "pixel";
  declare readonly burn_in: number;
  declare readonly shuffle: boolean;

  abstract get source(): ChaoticMap<P>;

  /** The map's parameters from words of the stream of K1, the permutation from that of K2. */
  async material(key: Key, shape: Shape): Promise<Material<P>> {
    const words = await (await key.derive(this.id, "K1")).stream().bytes(8 * this.source.words);
    const length = this.#length(shape);
    return {
      params: this.source.fromWords(new BigUint64Array(words.slice().buffer)),
      perm: this.shuffle ? await (await key.derive(this.id, "K2")).stream().permutation(length) : range(length),
    };
  }

  /** One XOR with the sequence of the map, in the order `perm`. BadMaterial for weak parameters. */
  planFromMaterial(shape: Shape, { params, perm }: Material<P>): Plan {
    const length = this.#length(shape);
    const drawn = sequence(this.source, length, this.burn_in, this.quantiser, params);
    const places = permutation("perm", perm, length);
    const shared = this.index === "sample" ? 1 : shape[2];
    return new Plan({ mask: bytesOf(size(shape), (i) => drawn[places[Math.floor(i / shared)]]) });
  }

  #length(shape: Shape): number {
    return this.index === "sample" ? size(shape) : shape[0] * shape[1];
  }
}
