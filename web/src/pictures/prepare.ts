/**
 * Pictures made fit before they are encrypted: resized, padded, cropped, in this order, with the bytes that Python gives.
 *
 * A size is "224", or "160x240" as height x width. Resizing to one number makes the shorter side so long, in proportion;
 * padding and cropping to one number mean a square.
 */

import { BadField, BadShape } from "../errors.js";
import type { Raster } from "./png.js";
import { nearest, resize } from "./resize.js";

const MOST = 1 << 15;

/** What is done to each picture, as texts of sizes. */
export interface Preparation {
  readonly resize?: string | null;
  readonly pad?: string | null;
  readonly crop?: string | null;
}

/** The picture, made fit. BadShape where it is smaller than what is to be cropped, BadField for what is no size. */
export function prepare(picture: Raster, { resize: to, pad, crop }: Preparation): Raster {
  let found = picture;
  if (to) found = resize(found, target(found.shape, sizeOf("resize", to)));
  if (pad) {
    const [h, w] = square(sizeOf("pad", pad));
    const [down, across] = [Math.max(h - found.shape[0], 0), Math.max(w - found.shape[1], 0)];
    found = moved(found, [found.shape[0] + down, found.shape[1] + across], -(down >> 1), -(across >> 1));
  }
  if (crop) {
    const [h, w] = square(sizeOf("crop", crop));
    const [height, width] = found.shape;
    if (height < h || width < w) {
      throw new BadShape(`the picture is ${height} high and ${width} wide, ${h} and ${w} are to be cropped`,
        "add a padding, or a resize");
    }
    found = moved(found, [h, w], (height - h) >> 1, (width - w) >> 1);
  }
  return found;
}

/** The part of a picture from (top, left) on; black where there is none. */
function moved({ shape: [h, w, c], data }: Raster, [down, across]: [number, number], top: number, left: number): Raster {
  const out = new (data.constructor as new (n: number) => Uint8Array)(down * across * c);
  for (let y = Math.max(0, -top); y < Math.min(down, h - top); y++) {
    const x = Math.max(0, -left);
    const from = ((y + top) * w + x + left) * c;
    const length = (Math.min(across, w - left) - x) * c;
    out.set(data.subarray(from, from + length), (y * across + x) * c);
  }
  return { shape: [down, across, c], data: out };
}

function sizeOf(what: string, text: string): number[] {
  const found = /^([0-9]{1,5})(?:[x,]([0-9]{1,5}))?$/.exec(text.trim());
  const size = found?.slice(1).filter((part) => part !== undefined).map(Number) ?? [];
  if (!size.length || size.some((side) => side < 1 || side > MOST)) {
    throw new BadField(`${what} is a size like 224 or 160x240 (height x width), at most ${MOST}, not '${text}'`);
  }
  return size;
}

function square(size: number[]): [number, number] {
  return [size[0], size.at(-1)!];
}

function target([h, w]: readonly number[], size: number[]): [number, number] {
  if (size.length === 2) return [size[0], size[1]];
  const short = Math.min(h, w);
  return [h, w].map((side) => Math.max(1, nearest((side * size[0]) / short))) as [number, number];
}
