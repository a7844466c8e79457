/**
 * Scheme: the one face of every scheme. A new scheme is one file with two methods.
 *
 *     material(key, shape)               what the key decides, in the encoding of the authors' own code
 *     planFromMaterial(shape, material)  pure; the only road from material to bytes
 *
 * and the base gives `plan`, `encrypt`, `decrypt`, the checks, nonces, padding and a cache. Fields are a scheme's public
 * parameters; what must stay secret is never a field. `id` names the bytes for ever: other bytes need another id.
 */

import { type Bytes, joined, u64le, utf8 } from "../bytes.js";
import { BadDtype, BadIds, BadMaterial, BadShape, NotInvertible } from "../errors.js";
import type { Key } from "../keys/key.js";
import { sha256 } from "../keys/webcrypto.js";
import { type Shape, size } from "../plans/blocks.js";
import { type Images, imageAt, images as batchOf, type Kind, shapeOf } from "../plans/images.js";
import type { Transform } from "../plans/plan.js";
import { type Field, type FieldValue, filled } from "./fields.js";

const REMEMBERED = 32;

export type Samples = Kind;

/** What is true of a scheme with its fields; see the traits of the Python package. */
export interface Traits {
  readonly invertible: boolean;
  readonly error: number;
  readonly keepsShape: boolean;
  readonly perImage: boolean;
  readonly dtype: "uint8" | "uint16" | "float32";
  readonly tile: number;
  readonly channels: readonly number[] | null;
}

const USUAL: Traits = {
  invertible: true, error: 0, keepsShape: true, perImage: false, dtype: "uint8", tile: 1, channels: null,
};

/** Cipher images, and what is public beside them: nonces where each has a key of its own, (h, w) before padding. */
export interface Cipher<T extends Samples = Samples> {
  readonly images: Images<T>;
  readonly nonces: readonly Bytes[] | null;
  readonly size: readonly [number, number] | null;
}

/** ids: a name for each image, unique in the data set; needed with a key per image. pad: where blocks do not tile. */
export interface EncryptOptions {
  ids?: readonly string[];
  pad?: boolean;
}

/** A scheme's class: its id, where it is published, its fields. */
export interface SchemeClass {
  new (given?: Readonly<Record<string, unknown>>): Scheme;
  readonly id: string;
  readonly paper: string;
  readonly fields: Readonly<Record<string, Field>>;
}

/** The base of all schemes. */
export abstract class Scheme<M = any, Out extends Samples = any> {
  static readonly fields: Readonly<Record<string, Field>> = {};

  constructor(given: Readonly<Record<string, unknown>> = {}) {
    Object.assign(this, filled(this.id, this.#class.fields, given));
    this.check();
  }

  /** What the key decides for images of `shape`, named and encoded as in the authors' own code. */
  abstract material(key: Key, shape: Shape): Promise<M>;

  /** The plan for images of `shape` under that material. Pure: no key, no randomness, no state. */
  abstract planFromMaterial(shape: Shape, material: M): Transform<Uint8Array, Out>;

  get id(): string {
    return this.#class.id;
  }

  get paper(): string {
    return this.#class.paper;
  }

  get traits(): Traits {
    return USUAL;
  }

  /** BadField where fields do not fit together. */
  check(): void {}

  /** The public fields: with the id they name the scheme exactly. */
  config(): Record<string, FieldValue> {
    return Object.fromEntries(Object.keys(this.#class.fields).map((name) => [name, (this as any)[name]]));
  }

  /** The fields as Python writes them in JSON, names in alphabetical order. */
  fieldsText(): string {
    const texts = Object.entries(this.config()).map(([name, value]) =>
      `${JSON.stringify(name)}:${this.#class.fields[name].text(value)}`);
    return `{${texts.sort().join(",")}}`;
  }

  /** The plan of `key` for images of `shape`. The last few are remembered. */
  plan(key: Key, shape: Shape): Promise<Transform<Uint8Array, Out>> {
    return remembered(key, `${this.id} ${this.fieldsText()} ${shape.join("x")}`, async () =>
      this.planFromMaterial(shape, await this.material(key, shape)));
  }

  /** Cipher images of a batch; image by image gives the same. BadShape, BadDtype, BadIds. */
  async encrypt(images: Images, key: Key, { ids, pad = false }: EncryptOptions = {}): Promise<Cipher<Out>> {
    this.#checkImages(images);
    const padded = pad ? this.#padded(images) : null;
    const batch = padded ?? images;
    const before = padded && ([images.shape[1], images.shape[2]] as const);
    const shape = shapeOf(batch);
    if (!this.traits.perImage) {
      return { images: (await this.plan(key, shape)).apply(batch), nonces: null, size: before };
    }
    const nonces = await this.nonces(batch, key, ids);
    const parts = await Promise.all(nonces.map(async (nonce, i) =>
      (await this.#imagePlan(key, nonce, shape)).apply(one(batch, i))));
    return { images: together(parts, batch as Images<any>), nonces, size: before };
  }

  /** The pictures again. A wrong key gives noise, not an error: what travels with the images tells keys apart. */
  async decrypt(cipher: Cipher<Out>, key: Key): Promise<Images> {
    if (!this.traits.invertible) throw new NotInvertible(`${this.id} ${this.whyNotInvertible}`);
    const shape = this.plainShape(shapeOf(cipher.images));
    let found: Images;
    if (!this.traits.perImage) {
      found = (await this.plan(key, shape)).inverse().apply(cipher.images);
    } else {
      const n = cipher.images.shape[0];
      if (cipher.nonces?.length !== n) {
        throw new BadIds(`${this.id} has a key for each image: ${n} nonces are needed, ${cipher.nonces?.length ?? 0} came`,
          "pass what encrypt gave");
      }
      const parts = await Promise.all(cipher.nonces.map(async (nonce, i) =>
        (await this.#imagePlan(key, nonce, shape)).inverse().apply(one(cipher.images, i))));
      found = together(parts, cipher.images as Images<any>);
    }
    return cipher.size ? cut(found, cipher.size) : found;
  }

  /** The shape of the pictures whose cipher images have `shape`. */
  plainShape(shape: Shape): Shape {
    return shape;
  }

  protected get whyNotInvertible(): string {
    return "loses information: nothing can bring it back";
  }

  /** The usual traits, but for these. */
  protected with(traits: Partial<Traits>): Traits {
    return { ...USUAL, ...traits };
  }

  /** The public nonce of each image, 16 bytes: a function of key, id, shape and pixels alone. */
  async nonces(images: Images, key: Key, ids?: readonly string[]): Promise<Bytes[]> {
    const n = images.shape[0];
    if (ids?.length !== n) {
      throw new BadIds(`${this.id} has a key for each image: ${n} ids are needed, ${ids?.length ?? "none"} came`,
        "pass { ids: [...] }");
    }
    if (new Set(ids).size !== n) throw new BadIds("two images of a batch have the same id", "ids must be unique");
    const purpose = await key.derive(this.id, "nonce");
    const shape = joined(...shapeOf(images).map(u64le));
    return Promise.all(ids.map(async (id, i) => {
      const name = utf8(id);
      const digest = await sha256(imageAt(images, i));
      return (await purpose.mac(joined(u64le(name.length), name, shape, digest))).slice(0, 16);
    }));
  }

  toString(): string {
    const fields = Object.entries(this.config()).filter(([name, value]) => value !== this.#class.fields[name].initial);
    return [this.id, ...fields.map(([name, value]) => `${name}=${value}`)].join(" ");
  }

  async #imagePlan(key: Key, nonce: Bytes, shape: Shape): Promise<Transform<Uint8Array, Out>> {
    return this.planFromMaterial(shape, await this.material(await key.derive(this.id, "image", nonce), shape));
  }

  #checkImages(images: Images): void {
    if (!(images.data instanceof Uint8Array)) throw new BadDtype("images are a Uint8Array, of 0..255");
    const { channels } = this.traits;
    const c = images.shape[3];
    if (channels && !channels.includes(c)) {
      throw new BadShape(`${this.id} takes images of ${channels.join(" or ")} channels, got ${c}`);
    }
    if (!size(shapeOf(images))) throw new BadShape(`images of shape ${shapeOf(images).join("x")} have no pixels`);
  }

  /** The last row and column repeated until blocks tile; null where they do. */
  #padded(images: Images): Images | null {
    const [n, h, w, c] = images.shape;
    const { tile } = this.traits;
    const [down, across] = [Math.ceil(h / tile) * tile, Math.ceil(w / tile) * tile];
    return down === h && across === w ? null : resized(images, [n, down, across, c]);
  }

  get #class(): SchemeClass {
    return this.constructor as unknown as SchemeClass;
  }
}

/** Material as `length` whole numbers of 0..limit-1; BadMaterial when it is none. Values are not shown. */
export function integers<T extends ArrayLike<number>>(name: string, value: T, length: number, limit: number): T {
  if (value.length !== length) throw new BadMaterial(`${name} needs ${length} values, got ${value.length}`);
  for (let i = 0; i < length; i++) {
    if (!(value[i] >= 0 && value[i] < limit)) {
      throw new BadMaterial(`${name} holds values in 0..${limit - 1}, got one outside`);
    }
  }
  return value;
}

/** Material as (count, length), each row a permutation of 0..length-1; BadMaterial when it is none. */
export function permutations(name: string, value: Int32Array, count: number, length: number): Int32Array {
  integers(name, value, count * length, length);
  const seen = new Int32Array(length).fill(-1);
  for (let row = 0, i = 0; row < count; row++) {
    for (const end = i + length; i < end; i++) {
      if (seen[value[i]] === row) throw new BadMaterial(`${name} must hold each of 0..${length - 1} once`);
      seen[value[i]] = row;
    }
  }
  return value;
}

/** Material as a permutation of 0..length-1. */
export function permutation(name: string, value: Int32Array, length: number): Int32Array {
  return permutations(name, value, 1, length);
}

const plans = new WeakMap<Key, Map<string, Promise<any>>>();

function remembered<T>(key: Key, name: string, make: () => Promise<T>): Promise<T> {
  const known = plans.get(key) ?? new Map<string, Promise<any>>();
  plans.set(key, known);
  const found: Promise<T> = known.get(name) ?? make();
  known.delete(name); // and in again, as the last one used
  known.set(name, found);
  found.catch(() => known.delete(name));
  if (known.size > REMEMBERED) known.delete(known.keys().next().value!);
  return found;
}

function one<T extends Samples>(batch: Images<T>, i: number): Images<T> {
  return batchOf(imageAt(batch, i), [1, ...shapeOf(batch)]);
}

function together<T extends Samples>(parts: Images<T>[], like: Images<T>): Images<T> {
  if (!parts.length) return like;
  const data = new (parts[0].data.constructor as new (n: number) => T)(parts.length * parts[0].data.length);
  parts.forEach((part, i) => data.set(part.data, i * part.data.length));
  return batchOf(data, [parts.length, ...shapeOf(parts[0])]);
}

/** Rows and columns cut off, or the last ones repeated. */
function resized(batch: Images, [n, down, across, c]: readonly [number, number, number, number]): Images {
  const [, h, w] = batch.shape;
  const out = batchOf(new Uint8Array(n * down * across * c), [n, down, across, c]);
  let at = 0;
  for (let i = 0; i < n; i++) {
    for (let y = 0; y < down; y++) {
      for (let x = 0; x < across; x++, at += c) {
        const from = ((i * h + Math.min(y, h - 1)) * w + Math.min(x, w - 1)) * c;
        for (let k = 0; k < c; k++) out.data[at + k] = batch.data[from + k];
      }
    }
  }
  return out;
}

function cut(batch: Images, [h, w]: readonly [number, number]): Images {
  return resized(batch, [batch.shape[0], h, w, batch.shape[3]]);
}

