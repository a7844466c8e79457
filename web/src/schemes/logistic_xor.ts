/**
 * logistic-xor/1: the seed. Samples XORed with a shuffled sequence from a logistic map (Ahmad & Shin 2022).
 *
 *     x[n+1] = (r x[n]) (1 - x[n])    in IEEE binary64, exactly in this order;    s[n] = Q(x[burn_in + 1 + n])
 *     cipher = plain XOR s[perm]      the same sequence for every image of the data set
 *
 * The paper's: a sequence from a logistic map, shuffled by a second key. Every number and convention is ours. Hides: the
 * look of each image by itself. Leaks: the XOR of any two pictures, equality, sizes. Break: a many-time pad.
 */

import { ChaoticXor } from "./_chaotic_xor.js";
import { Logistic, type LogisticParams } from "./chaos/maps.js";

/** XOR with a shuffled logistic sequence, one for the data set. */
export class LogisticXor extends ChaoticXor<LogisticParams> {
  static readonly id = "logistic-xor/1";
  static readonly paper = "I. Ahmad, S. Shin, arXiv 2203.16780 (2022)";
  readonly source = Logistic;
}
