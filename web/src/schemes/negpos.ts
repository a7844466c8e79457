/**
 * negpos/1: negative-positive per sample and colour order per pixel (Sirichotedumrong, Kinoshita, Kiya: "PE").
 *
 * Each sample is kept or inverted (v -> 255 - v) by its own key bit; then each pixel's three colours take one of six
 * orders. With one key for the data set, or a key per image. Hides: the look of a picture from a casual viewer. Leaks:
 * position of every pixel, |v - 127.5| of every sample. Breaks: one image of constant (1, 2, 3); folding.
 */

import type { Key } from "../keys/key.js";
import { bytesOf } from "../plans/arrays.js";
import { positions, recoloured, type Shape, size } from "../plans/blocks.js";
import { Plan } from "../plans/plan.js";
import { integers, Scheme, type Traits } from "./base.js";
import { flag } from "./fields.js";

const ORDERS = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]; // out[c] = in[ORDERS[code][c]]

type Material = { inv: Uint8Array; colors: Uint8Array };

/** material: `inv` (h * w * c), 0 = invert; `colors` (h * w), codes into ORDERS; ones and zeros where a step is off. */
export class NegPos extends Scheme<Material, Uint8Array> {
  static readonly id = "negpos/1";
  static readonly paper = "Sirichotedumrong, Kinoshita, Kiya, ICIP 2019 and IEEE Access 7:177844 (2019)";
  static override readonly fields = { negpos: flag(true), colors: flag(true), per_image: flag(false) };
  declare readonly negpos: boolean;
  declare readonly colors: boolean;
  declare readonly per_image: boolean;

  override get traits(): Traits {
    return this.with({ perImage: this.per_image });
  }

  async material(key: Key, shape: Shape): Promise<Material> {
    const pixels = shape[0] * shape[1];
    const inv = (await key.derive(this.id, "inv")).stream();
    const colors = (await key.derive(this.id, "colors")).stream();
    const moved = this.colors && shape[2] >= 3;
    return {
      inv: this.negpos ? await inv.small(2, size(shape)) : new Uint8Array(size(shape)).fill(1),
      colors: moved ? await colors.small(6, pixels) : new Uint8Array(pixels),
    };
  }

  /** Inversion first, then the order of colours. */
  planFromMaterial(shape: Shape, { inv, colors }: Material): Plan {
    integers("inv", inv, size(shape), 2);
    integers("colors", colors, shape[0] * shape[1], 6);
    const order = recoloured(positions(shape), shape[2], shape[2], colors, ORDERS);
    return new Plan({ order, mask: bytesOf(order.length, (i) => (inv[order[i]] === 0 ? 255 : 0)) });
  }
}
