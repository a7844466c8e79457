/**
 * etc-inplace/1: etc/1 with the colour step of published code, which loses colours. Not invertible.
 *
 * That code writes the three colours of a block in place, so five of its six orders duplicate a colour and lose another.
 * Kept for comparison, byte for byte. Use etc/1.
 */

import type { Key } from "../keys/key.js";
import { grid, type Shape, size } from "../plans/blocks.js";
import type { Plan } from "../plans/plan.js";
import { type Codes, codes, scramble } from "./_blocks.js";
import { Scheme, type Traits } from "./base.js";
import { within } from "./fields.js";

/** out[c] = in[ORDERS[code][c]]: what the orders of etc/1 become when each is written over its own input. */
const ORDERS = [[0, 1, 2], [1, 1, 2], [2, 1, 2], [0, 2, 2], [2, 2, 2], [1, 2, 1]];

/** Block scrambling with lossy orders of colours, for pictures of three colours. */
export class EtCInplace extends Scheme<Codes, Uint8Array> {
  static readonly id = "etc-inplace/1";
  static readonly paper = "public code of Madono, Tanaka, Onishi, Ogawa, arXiv 2001.07761 (2020)";
  static override readonly fields = { block: within(2, 64, 4) };
  declare readonly block: number;

  override get traits(): Traits {
    return this.with({ invertible: false, tile: this.block, channels: [3] });
  }

  protected override get whyNotInvertible(): string {
    return "overwrites colours that it still has to read, as the published code does: they are lost; " +
      "etc/1 keeps all colours";
  }

  material(key: Key, shape: Shape): Promise<Codes> {
    return codes(key, [this.id], size(grid(shape, this.block)), true);
  }

  planFromMaterial(shape: Shape, drawn: Codes): Plan {
    return scramble(shape, this.block, drawn, ORDERS);
  }
}
