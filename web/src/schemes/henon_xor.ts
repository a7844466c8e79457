/** henon-xor/1: the seed with the Henon map, which has two dimensions. Break: a many-time pad. */

import { ChaoticXor } from "./_chaotic_xor.js";
import { Henon } from "./chaos/maps.js";

/** XOR with a shuffled sequence of the Henon map, one for the data set. Fields as in logistic-xor/1. */
export class HenonXor extends ChaoticXor<{ x0: number; y0: number }> {
  static readonly id = "henon-xor/1";
  static readonly paper = "arXiv 2203.16780 with the map of Commun. Math. Phys. 50:69 (1976)";
  readonly source = Henon;
}
