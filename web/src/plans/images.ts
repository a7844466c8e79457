/** Images: a batch of pictures or cipher images, (n, h, w, c) in memory order. */

import { BadDtype, BadShape } from "../errors.js";
import { type Shape, size } from "./blocks.js";

export type Kind = Uint8Array | Uint16Array | Float32Array;

const KINDS = [Uint8Array, Uint16Array, Float32Array];

/** data: n images of `shape` (h, w, c), one after the other. */
export interface Images<T extends Kind = Uint8Array> {
  readonly shape: readonly [number, number, number, number];
  readonly data: T;
}

/** Images from their samples; BadShape where they are not as many as the shape says. */
export function images<T extends Kind>(data: T, shape: readonly number[]): Images<T> {
  const [n, h, w, c] = shape.length === 3 ? [1, ...shape] : shape;
  if (shape.length < 3 || shape.length > 4 || ![n, h, w, c].every((side) => Number.isInteger(side) && side >= 0)) {
    throw new BadShape(`images are (n, h, w, c), got (${shape.join(", ")})`);
  }
  if (data instanceof Uint8ClampedArray || !KINDS.some((kind) => data instanceof kind)) {
    throw new BadDtype("images are a Uint8Array", "convert to 0..255 integers first, nothing is scaled");
  }
  if (data.length !== n * h * w * c) {
    throw new BadShape(`${n} images of ${h}x${w}x${c} are ${n * h * w * c} samples, got ${data.length}`);
  }
  return { shape: [n, h, w, c], data };
}

/** (h, w, c) of the images. */
export function shapeOf({ shape: [, h, w, c] }: Images<Kind>): Shape {
  return [h, w, c];
}

/** Image i, a view. */
export function imageAt<T extends Kind>(batch: Images<T>, i: number): T {
  const length = size(shapeOf(batch));
  return batch.data.subarray(i * length, (i + 1) * length) as T;
}
