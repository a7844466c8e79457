/** lattice-xor/1: the seed with eight coupled logistic maps on a ring. Break: a many-time pad. */

import { ChaoticXor } from "./_chaotic_xor.js";
import { Lattice } from "./chaos/maps.js";

/** XOR with a shuffled sequence of a coupled map lattice, one for the data set. burn_in counts steps of the ring. */
export class LatticeXor extends ChaoticXor<{ x0: readonly number[]; r: number }> {
  static readonly id = "lattice-xor/1";
  static readonly paper = "arXiv 2203.16780 with the lattice of Prog. Theor. Phys. 74:1033 (1985)";
  readonly source = Lattice;
}
