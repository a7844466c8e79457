/**
 * JPEGs: which the browser may decode, and what it must not see. Its decoder gets the picture alone: without EXIF and XMP
 * it turns nothing, without a colour profile it converts nothing, as Python does neither before it turns the pixels.
 */

import { joined } from "../bytes.js";
import { BadImage } from "../errors.js";
import { orientationOf, orientationOfXmp } from "./exif.js";

/** A JPEG for the browser's decoder, and what was taken out of it. */
export interface Jpeg {
  readonly file: Uint8Array;
  readonly shape: readonly [number, number, number];
  readonly orientation: number;
}

const UNREAD: Record<number, string> = { 4: "four colours (CMYK)", 2: "two components" };

/** What a JPEG file holds. BadImage, with the reason, for those that browsers decode to other pixels than Python. */
export function readJpeg(file: Uint8Array): Jpeg {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const parts: Uint8Array[] = [file.subarray(0, 2)];
  let exif: number | null = null;
  let xmp: number | null = null;
  let shape: Jpeg["shape"] | null = null;
  let at = 2;
  while (at + 4 <= file.length) {
    if (file[at] !== 0xff) throw new BadImage("the picture is broken: a marker of the JPEG is missing");
    const marker = file[at + 1];
    if (marker === 0xff) {
      at++;
      continue;
    }
    const end = at + 2 + view.getUint16(at + 2);
    const body = file.subarray(at + 4, end);
    if (end > file.length) break;
    if (marker === 0xe1 && startsWith(body, "Exif\0")) exif ??= orientationOf(body.subarray(6));
    else if (marker === 0xe1) xmp ??= orientationOfXmp(body);
    if (isFrame(marker)) {
      if (marker > 0xc2) throw new BadImage("a JPEG of a rare kind (lossless or arithmetic) is not read");
      if (body[0] !== 8) throw new BadImage(`a JPEG of ${body[0]} bits is not read, it would be cut down to 8 bits`);
      if (body[5] !== 1 && body[5] !== 3) {
        throw new BadImage(`a JPEG of ${UNREAD[body[5]] ?? `${body[5]} components`} is not read here: browsers mix its ` +
          "colours otherwise than imveil does in Python", "save it as RGB");
      }
      shape = [view.getUint16(at + 5), view.getUint16(at + 7), body[5]];
    }
    // What no decoder needs stays out: EXIF and XMP (1), profiles (2), and all others but JFIF (0) and Adobe (14).
    const kept = !(marker >= 0xe1 && marker <= 0xef) || marker === 0xee;
    if (kept && marker !== 0xfe) parts.push(file.subarray(at, end));
    at = end;
    if (marker === 0xda) break;
  }
  if (!shape || at + 4 > file.length) throw new BadImage("the picture is cut off");
  const last = endOf(file, at);
  return { file: joined(...parts, file.subarray(at, last)), shape, orientation: exif ?? xmp ?? 1 };
}

/** Start of a frame: C0 to CF but for tables (C4, CC) and the extension (C8). */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}

/** Behind the end-of-image marker; BadImage where there is none, for a browser would show half a picture. */
function endOf(file: Uint8Array, from: number): number {
  for (let at = from; at + 1 < file.length; at++) {
    const marker = file[at + 1];
    if (file[at] !== 0xff || marker === 0 || marker === 0xff || (marker >= 0xd0 && marker <= 0xd7)) continue;
    if (marker === 0xd9) return at + 2;
    at += 1 + file[at + 2] * 256 + file[at + 3]; // tables and headers between the scans of a progressive picture
  }
  throw new BadImage("the picture is cut off");
}

function startsWith(body: Uint8Array, text: string): boolean {
  return [...text].every((letter, i) => body[i] === letter.charCodeAt(0));
}
