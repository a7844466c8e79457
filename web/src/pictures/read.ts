/**
 * Reading one plain picture: the pixels that its author sees, as Python reads them, or a BadImage that says why not.
 *
 * PNGs are read here, to the last bit: palettes, transparency, 16 bits. JPEGs are decoded by the browser, once its canary
 * has been seen. Pixels are turned as EXIF says; colour profiles are not applied. Formats are told by content.
 */

import { BadImage } from "../errors.js";
import { decoded } from "./canvas.js";
import { orientationOf, turned } from "./exif.js";
import { readJpeg } from "./jpeg.js";
import { decode, type Raster, SIGNATURE } from "./png.js";

const UNREAD: [string, RegExp][] = [
  ["WebP", /^RIFF....WEBP/s], ["TIFF", /^(?:II[*+]\0|MM\0[*+])/], ["BMP", /^BM/], ["GIF", /^GIF8[79]a/],
];

/** The picture in the bytes of a PNG or JPEG. */
export async function readPicture(file: Uint8Array): Promise<Raster> {
  if (!file.length) throw new BadImage("the file is empty");
  if (SIGNATURE.every((byte, i) => file[i] === byte)) {
    const { chunks, ...raster } = await decode(upToItsEnd(file));
    const exif = chunks.get("eXIf");
    return turned(raster, (exif && orientationOf(exif)) ?? 1);
  }
  if (file[0] === 0xff && file[1] === 0xd8 && file[2] === 0xff) {
    const jpeg = readJpeg(file);
    return turned(await decoded(jpeg.file, jpeg.shape), jpeg.orientation);
  }
  const head = String.fromCharCode(...file.subarray(0, 12));
  const kind = UNREAD.find(([, form]) => form.test(head))?.[0];
  if (!kind) throw new BadImage("this is no picture", "PNG and JPEG are read");
  throw new BadImage(`a ${kind} is not read in the browser: its pixels would not be those that imveil reads in Python`,
    "save it as a PNG");
}

/** Samples of 16 bits as the pictures of their bytes side by side, (h, 2 w, c): high ones left, low ones right. */
export function asBytes({ shape: [h, w, c], data }: Raster): { raster: Raster & { data: Uint8Array }; depth: 8 | 16 } {
  if (data instanceof Uint8Array) return { raster: { shape: [h, w, c], data }, depth: 8 };
  const out = new Uint8Array(2 * data.length);
  const row = w * c;
  data.forEach((value, i) => {
    const at = Math.floor(i / row) * 2 * row + (i % row);
    out[at] = value >> 8;
    out[at + row] = value;
  });
  return { raster: { shape: [h, 2 * w, c], data: out }, depth: 16 };
}

/** A PNG without what some programs append to it. */
function upToItsEnd(file: Uint8Array): Uint8Array {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  for (let at = 8; at + 12 <= file.length; at += 12 + view.getUint32(at)) {
    if (view.getUint32(at + 4) === 0x49454e44) return file.subarray(0, Math.min(at + 12 + view.getUint32(at), file.length));
  }
  return file;
}
