/** All schemes of this package, by id. A new scheme is one file, and a line here. */

import { UnknownName } from "../errors.js";
import { AesCtrControl } from "./aes_ctr_control.js";
import { AesXor } from "./aes_xor.js";
import type { Scheme, SchemeClass } from "./base.js";
import { CpeIib } from "./cpe_iib.js";
import { Diffuse } from "./diffuse.js";
import { ELE } from "./ele.js";
import { EtC } from "./etc.js";
import { EtCGrey } from "./etc_grey.js";
import { EtCInplace } from "./etc_inplace.js";
import { Ffx } from "./ffx.js";
import { HenonXor } from "./henon_xor.js";
import { LatticeXor } from "./lattice_xor.js";
import { LE } from "./le.js";
import { LogisticXor } from "./logistic_xor.js";
import { NegPos } from "./negpos.js";
import { NegPosInplace } from "./negpos_inplace.js";
import { NpBlock } from "./np_block.js";
import { Orthogonal } from "./orthogonal.js";
import { Patch } from "./patch.js";
import { PixelShuffle } from "./pixel_shuffle.js";
import { Plain } from "./plain.js";
import { Shf } from "./shf.js";
import { SkewTentXor } from "./skew_tent_xor.js";

const ALL: readonly SchemeClass[] = [
  AesCtrControl, AesXor, CpeIib, Diffuse, ELE, EtC, EtCGrey, EtCInplace, Ffx, HenonXor, LatticeXor, LE, LogisticXor, NegPos,
  NegPosInplace, NpBlock, Orthogonal, Patch, PixelShuffle, Plain, Shf, SkewTentXor,
];

/** The ids of all schemes, in alphabetical order. */
export function schemes(): string[] {
  return ALL.map(({ id }) => id).sort();
}

/** The scheme called `id` with these fields. UnknownName, BadField. */
export function find(id: string, fields: Readonly<Record<string, unknown>> = {}): Scheme {
  const found = ALL.find((scheme) => scheme.id === id);
  if (!found) throw new UnknownName(`there is no scheme '${id}' in the browser`, `there are: ${schemes().join(", ")}`);
  return new found(fields);
}
