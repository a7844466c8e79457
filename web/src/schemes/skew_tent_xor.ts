/** skew-tent-xor/1: the seed with a skew tent map, whose values are all equally likely. Break: a many-time pad. */

import { ChaoticXor } from "./_chaotic_xor.js";
import { SkewTent } from "./chaos/maps.js";

/** XOR with a shuffled sequence of a skew tent map, one for the data set. Fields as in logistic-xor/1. */
export class SkewTentXor extends ChaoticXor<{ x0: number; p: number }> {
  static readonly id = "skew-tent-xor/1";
  static readonly paper = "arXiv 2203.16780 with the map of IEEE Trans. Circuits Syst. I 44:856 (1997)";
  readonly source = SkewTent;
}
