/**
 * orthogonal/1: every patch multiplied by one secret orthogonal matrix (Aso, Chuman, Kiya 2023); float32.
 *
 * Hides: edges and texture inside patches, the histogram. Leaks: the length of every patch's vector, all angles and
 * distances between patches. Break: as many known patches as a patch has samples.
 */

import { BadMaterial, BadShape } from "../errors.js";
import type { Key } from "../keys/key.js";
import type { Shape } from "../plans/blocks.js";
import { Rotation } from "../plans/transforms/rotation.js";
import { orthogonal, quantised } from "./_haar.js";
import { Scheme, type Traits } from "./base.js";
import { within } from "./fields.js";

/** A random orthogonal matrix over patches. material: `matrix` (d, d), row after row, with d = c block^2. */
export class Orthogonal extends Scheme<{ matrix: Float64Array }, Float32Array> {
  static readonly id = "orthogonal/1";
  static readonly paper = "R. Aso, T. Chuman, H. Kiya, arXiv 2301.03843 (2023)";
  static override readonly fields = { block: within(1, 32, 4) };
  declare readonly block: number;

  override get traits(): Traits {
    return this.with({ tile: this.block, dtype: "float32" });
  }

  async material(key: Key, shape: Shape): Promise<{ matrix: Float64Array }> {
    return { matrix: await orthogonal((await key.derive(this.id, "matrix")).stream(), this.#size(shape)) };
  }

  planFromMaterial(shape: Shape, material: { matrix: Float64Array }): Rotation {
    const d = this.#size(shape);
    if (!(material.matrix instanceof Float64Array) || material.matrix.length !== d * d) {
      throw new BadMaterial(`matrix holds ${d} x ${d} real numbers`);
    }
    const matrix = quantised(material.matrix);
    for (let i = 0; i < d; i++) {
      for (let j = i; j < d; j++) {
        let product = i === j ? -1 : 0;
        for (let k = 0; k < d; k++) product += matrix[k * d + i] * matrix[k * d + j];
        if (!(Math.abs(product) < 1e-6)) throw new BadMaterial("matrix must be orthogonal, to 1e-6");
      }
    }
    return new Rotation(shape, this.block, matrix);
  }

  #size(shape: Shape): number {
    const d = shape[2] * this.block ** 2;
    if (d > 4096) {
      throw new BadShape(`patches of ${this.block}x${this.block}x${shape[2]} are ${d} samples, at most 4096 are mixed`);
    }
    return d;
  }
}
