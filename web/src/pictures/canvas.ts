/**
 * The browser's own decoder, by way of a canvas, and the canary that goes first: a small JPEG whose pixels are known. Some
 * browsers add noise to what is read back from a canvas, and a decoder may differ; then no picture is read at all.
 */

import { BadImage, Unavailable } from "../errors.js";
import { hex } from "../bytes.js";
import { bytesOf } from "../plans/arrays.js";
import { sha256 } from "../keys/webcrypto.js";
import type { Raster } from "./png.js";

// 24 x 24 pixels, 4:2:0, quality 60; made once with Pillow, as the digest of its pixels.
const CANARY =
  "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5aYVpQYEpR" +
  "Uk//2wBDAQ4ODhMREyYVFSZPNS01T09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT0//wAARCAAYABgDASIAAhEB" +
  "AxEB/8QAGAABAQEBAQAAAAAAAAAAAAAAAAUGAgT/xAAkEAABAwQBAwUAAAAAAAAAAAABAAIEAwURITESUWEGEzJBsf/EABkBAAIDAQAAAAAAAAAAAAAA" +
  "AAIDAQQFBv/EACIRAAEDAgcBAQAAAAAAAAAAAAEAAgMEBRESEyEiMUFxI//aAAwDAQACEQMRAD8AyNCMG4AGAFat8fY0lKJvhWrfE2NJV0ujw7AJ" +
  "lJJxVCJT9qHUfv44GO50P1F5PVU42y0U6FMubXlkhhGdAYyddurXnCI7bnqYdR2He2IWfcopqibg7KB939XdGDkggKjihb4xkyT0sboAcuPYeURU" +
  "qyBkkwDvUds/SRrD0SsLOqV7renSJBDnNAYMcAc4A+gMoiLqqeBjIw1o2UVkh13/AEr/2Q==";
const PIXELS = "7bebf3df822054a6ddcaa6b86ad564a7da37983ae66aae2935a8c2496dde9220";

let canary: Promise<void> | undefined;

/** The pixels of a file as the browser decodes it, without transparency. */
export async function decoded(file: Uint8Array, [h, w, c]: readonly [number, number, number]): Promise<Raster> {
  canary ??= checkCanary();
  await canary;
  return drawn(file, [h, w, c]);
}

/** Unavailable where this browser does not give back the pixels that imveil knows. */
async function checkCanary(): Promise<void> {
  const file = Uint8Array.from(atob(CANARY), (letter) => letter.charCodeAt(0));
  if (hex(await sha256((await drawn(file, [24, 24, 3])).data as Uint8Array)) !== PIXELS) {
    throw new Unavailable("this browser alters the pixels that are read back from a picture, so a model would see others",
      "allow this page to read a canvas, give it a PNG, or use another browser");
  }
}

async function drawn(file: Uint8Array, [h, w, c]: readonly [number, number, number]): Promise<Raster> {
  if (typeof OffscreenCanvas === "undefined") throw new Unavailable("only PNGs are read where there is no canvas");
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(new Blob([file as BlobPart]), { colorSpaceConversion: "none" });
  } catch {
    throw new BadImage("the picture is broken: the browser cannot decode it");
  }
  if (bitmap.height !== h || bitmap.width !== w) throw new BadImage("the picture is broken: its size is another");
  const context = new OffscreenCanvas(w, h).getContext("2d", { willReadFrequently: true })!;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = context.getImageData(0, 0, w, h);
  return { shape: [h, w, c], data: bytesOf(h * w * c, (i) => data[4 * Math.floor(i / c) + (i % c)]) };
}
