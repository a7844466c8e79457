/**
 * Plans: a permutation and an xor over the units of one image. Compose with `after`, invert with `inverse`.
 *
 *     y[i] = x[order[i]] XOR mask[i]
 *
 * over the bytes, or the nibbles, of one image in memory order (row, column, channel). Scrambling, rotation, flips, pixel
 * and colour shuffling, negative-positive and XOR sequences are all elements of this group, so a scheme of five steps is
 * one gather and one XOR. Nibble 2j is the low half of byte j. A plan is as secret as the key it came from.
 */

import { BadMaterial, BadShape, NotInvertible } from "../errors.js";
import { bytesOf, placesOf } from "./arrays.js";
import { size } from "./blocks.js";
import { type Images, images as batchOf, imageAt, type Kind, shapeOf } from "./images.js";

export type Unit = 4 | 8;

/** What takes images to cipher images: a plan, or what has its face. */
export interface Transform<In extends Kind = Uint8Array, Out extends Kind = In> {
  /** Apply to a batch; a new one comes back. */
  apply(batch: Images<In>): Images<Out>;
  /** What undoes it. */
  inverse(): Transform<Out, In>;
}

interface Parts {
  order?: Int32Array | null;
  mask?: Uint8Array | null;
  unit?: Unit;
}

/**
 * One permutation and one XOR over the units of an image, kept in its coarsest unit.
 *
 * order: unit i of the cipher is unit order[i] of the picture; null is the identity. An order that repeats a position is
 * allowed (some published code loses a colour that way) and cannot be inverted.   mask: XORed after the gather; null is
 * all zeros.   unit: bits, 8 (bytes) or 4 (nibbles, two to a byte, the low one first).
 *
 * An identity order and a zero mask are kept as null, nibbles that move in pairs as bytes: equal ciphers are equal plans.
 */
export class Plan implements Transform {
  readonly order: Int32Array | null;
  readonly mask: Uint8Array | null;
  readonly unit: Unit;
  #inverse?: Plan;
  #byteMask?: Uint8Array | null;

  constructor({ order = null, mask = null, unit = 8 }: Parts = {}) {
    if (order && mask && order.length !== mask.length) {
      throw new BadShape(`order has ${order.length} units and mask has ${mask.length}; a plan needs as many of both`);
    }
    const length = order?.length ?? mask?.length ?? 0;
    if (order && !inRange(order)) {
      throw new BadMaterial(`an order of ${length} units holds positions 0..${length - 1} only`);
    }
    if (unit === 4 && length % 2) throw new BadShape(`${length} nibbles are no whole number of bytes`);
    if (unit === 4 && mask && !below(mask, 16)) throw new BadMaterial("a mask of nibbles holds 0..15 only");
    if (order && identical(order)) order = null;
    if (unit === 4 && (!order || inPairs(order))) {
      order = order && halved(order);
      mask = mask && inBytes(mask);
      unit = 8;
    }
    if (mask && below(mask, 1)) mask = null;
    this.order = order;
    this.mask = mask;
    this.unit = unit;
  }

  /** How many bytes an image must have; null when any image will do (the identity). */
  get nbytes(): number | null {
    const units = this.order ?? this.mask;
    return units && (units.length * this.unit) / 8;
  }

  /** Whether every unit of the picture is somewhere in the cipher. */
  get invertible(): boolean {
    if (!this.order) return true;
    const seen = new Uint8Array(this.order.length);
    for (const place of this.order) seen[place] = 1;
    return seen.every(Boolean);
  }

  apply(batch: Images): Images {
    const bytes = size(shapeOf(batch));
    if (this.nbytes !== null && this.nbytes !== bytes) {
      throw new BadShape(`this plan is for images of ${this.nbytes} bytes, got ${shapeOf(batch).join("x")} = ${bytes}`);
    }
    const out = batchOf(this.order ? new Uint8Array(batch.data.length) : batch.data.slice(), batch.shape);
    const mask = (this.#byteMask ??= this.mask && (this.unit === 8 ? this.mask : inBytes(this.mask)));
    for (let i = 0; i < batch.shape[0]; i++) {
      const to = imageAt(out, i);
      if (this.order) (this.unit === 8 ? gatherBytes : gatherNibbles)(imageAt(batch, i), this.order, to);
      if (mask) for (let j = 0; j < to.length; j++) to[j] ^= mask[j];
    }
    return out;
  }

  /** The plan that undoes this one. NotInvertible when units of the picture are lost. */
  inverse(): Plan {
    if (!this.order) return this;
    if (!this.#inverse) {
      if (!this.invertible) throw new NotInvertible("this plan drops parts of the picture: nothing can bring them back");
      const order = new Int32Array(this.order.length);
      this.order.forEach((place, i) => (order[place] = i));
      const mask = this.mask && masked(this.mask, order);
      this.#inverse = new Plan({ order, mask, unit: this.unit });
    }
    return this.#inverse;
  }

  /** `later.after(earlier)`: the one plan that does `earlier`, then `later`. */
  after(first: Plan): Plan {
    if (this.nbytes === null || first.nbytes === null) return first.nbytes === null ? this : first;
    if (this.nbytes !== first.nbytes) {
      throw new BadShape(`plans for ${first.nbytes} and ${this.nbytes} bytes cannot be composed`);
    }
    const unit = Math.min(this.unit, first.unit) as Unit;
    const later = this.#refined(unit);
    const earlier = first.#refined(unit);
    let { order, mask } = earlier;
    if (later.order) {
      order = order ? later.order.map((place) => order![place]) : later.order;
      mask = mask && masked(mask, later.order);
    }
    if (later.mask) mask = mask ? mask.map((value, i) => value ^ later.mask![i]) : later.mask;
    return new Plan({ order, mask, unit });
  }

  /** Whether both do the same to every image. */
  equals(other: Plan): boolean {
    return this.unit === other.unit && alike(this.order, other.order) && alike(this.mask, other.mask);
  }

  /** What kind of plan it is, never its numbers: they are as good as the key. */
  toString(): string {
    const parts = [this.order && "order", this.mask && "mask"].filter(Boolean);
    return `Plan(${parts.join(" + ") || "identity"}, unit=${this.unit}, nbytes=${this.nbytes})`;
  }

  #refined(unit: Unit): { order: Int32Array | null; mask: Uint8Array | null } {
    if (unit === this.unit) return this;
    const n = this.nbytes! * 2;
    return {
      order: this.order && placesOf(n, (i) => 2 * this.order![i >> 1] + (i & 1)),
      mask: this.mask && bytesOf(n, (i) => (this.mask![i >> 1] >> (4 * (i & 1))) & 15),
    };
  }
}

function gatherBytes(from: Uint8Array, order: Int32Array, to: Uint8Array): void {
  for (let i = 0; i < to.length; i++) to[i] = from[order[i]];
}

function gatherNibbles(from: Uint8Array, order: Int32Array, to: Uint8Array): void {
  for (let i = 0; i < to.length; i++) {
    const low = order[2 * i];
    const high = order[2 * i + 1];
    to[i] = ((from[low >> 1] >> (4 * (low & 1))) & 15) | (((from[high >> 1] >> (4 * (high & 1))) & 15) << 4);
  }
}

function inRange(order: Int32Array): boolean {
  for (let i = 0; i < order.length; i++) if (order[i] < 0 || order[i] >= order.length) return false;
  return true;
}

function below(mask: Uint8Array, limit: number): boolean {
  for (let i = 0; i < mask.length; i++) if (mask[i] >= limit) return false;
  return true;
}

function identical(order: Int32Array): boolean {
  for (let i = 0; i < order.length; i++) if (order[i] !== i) return false;
  return true;
}

/** Whether nibbles move in pairs, low to low, so that bytes say the same. */
function inPairs(order: Int32Array): boolean {
  for (let i = 0; i < order.length; i += 2) if (order[i] % 2 || order[i + 1] !== order[i] + 1) return false;
  return true;
}

function halved(order: Int32Array): Int32Array {
  return placesOf(order.length / 2, (i) => order[2 * i] / 2);
}

function masked(mask: Uint8Array, order: Int32Array): Uint8Array {
  return bytesOf(order.length, (i) => mask[order[i]]);
}

function inBytes(nibbles: Uint8Array): Uint8Array {
  return bytesOf(nibbles.length / 2, (i) => nibbles[2 * i] | (nibbles[2 * i + 1] << 4));
}

function alike(a: ArrayLike<number> | null, b: ArrayLike<number> | null): boolean {
  if (!a || !b) return a === b;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
