/** plain/1: the identity. The baseline of every table. Hides nothing, leaks everything. */

import { Plan } from "../plans/plan.js";
import { Scheme } from "./base.js";

/** Pictures as they are. It takes a key like every scheme, and ignores it. */
export class Plain extends Scheme<object, Uint8Array> {
  static readonly id = "plain/1";
  static readonly paper = "none: the baseline";

  async material(): Promise<object> {
    return {};
  }

  planFromMaterial(): Plan {
    return new Plan();
  }
}
