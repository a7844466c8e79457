/**
 * negpos-inplace/1: negpos/1 with the colour step of a widely used code, which loses colours. Not invertible.
 *
 * That code writes the three colours of a pixel in place, so five of its six orders duplicate a colour and lose another.
 * Kept for comparison, byte for byte. Use negpos/1.
 */

import type { Key } from "../keys/key.js";
import { bytesOf } from "../plans/arrays.js";
import { positions, recoloured, type Shape, size } from "../plans/blocks.js";
import { Plan } from "../plans/plan.js";
import { integers, Scheme, type Traits } from "./base.js";

/** out[c] = in[ORDERS[code][c]]: what 012 021 102 120 201 210 become when each is written over its own input. */
const ORDERS = [[0, 1, 2], [0, 2, 2], [1, 1, 2], [1, 2, 1], [2, 2, 2], [2, 1, 2]];

type Material = { inv: Uint8Array; colors: Uint8Array };

/** For pictures of three colours. material: `inv` (h * w * 3), 0 = invert; `colors` (h * w), codes into ORDERS. */
export class NegPosInplace extends Scheme<Material, Uint8Array> {
  static readonly id = "negpos-inplace/1";
  static readonly paper = "public code of Sirichotedumrong, Kinoshita, Kiya, ICIP 2019 and IEEE Access 7:177844 (2019)";

  override get traits(): Traits {
    return this.with({ invertible: false, channels: [3] });
  }

  protected override get whyNotInvertible(): string {
    return "overwrites colours that it still has to read, as the published code does: they are lost; " +
      "negpos/1 keeps all colours";
  }

  async material(key: Key, shape: Shape): Promise<Material> {
    return {
      inv: await (await key.derive(this.id, "inv")).stream().small(2, size(shape)),
      colors: await (await key.derive(this.id, "colors")).stream().small(6, shape[0] * shape[1]),
    };
  }

  /** Inversion first, then the colours. */
  planFromMaterial(shape: Shape, { inv, colors }: Material): Plan {
    integers("inv", inv, size(shape), 2);
    integers("colors", colors, shape[0] * shape[1], 6);
    const order = recoloured(positions(shape), shape[2], shape[2], colors, ORDERS);
    return new Plan({ order, mask: bytesOf(order.length, (i) => (inv[order[i]] === 0 ? 255 : 0)) });
  }
}
