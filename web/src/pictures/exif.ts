/** How a picture is to be turned: EXIF's orientation, 1 to 8, from an EXIF block or from XMP; and the turning. */

import type { Raster } from "./png.js";

const ORIENTATION = 0x0112;

/** The orientation in an EXIF block ("II*\0..." or "MM\0*..."); null where it has none, or makes no sense. */
export function orientationOf(exif: Uint8Array): number | null {
  try {
    const view = new DataView(exif.buffer, exif.byteOffset, exif.length);
    const little = view.getUint16(0) === 0x4949;
    if (!little && view.getUint16(0) !== 0x4d4d) return null;
    if (view.getUint16(2, little) !== 42) return null;
    const first = view.getUint32(4, little);
    const entries = view.getUint16(first, little);
    for (let i = 0; i < entries; i++) {
      const at = first + 2 + 12 * i;
      if (view.getUint16(at, little) !== ORIENTATION) continue;
      const found = view.getUint16(at + 2, little) === 4 ? view.getUint32(at + 8, little) : view.getUint16(at + 8, little);
      return found >= 1 && found <= 8 ? found : 1;
    }
  } catch {
    return null; // a broken block of metadata takes nothing from the pixels
  }
  return null;
}

/** The orientation in a block of XMP; null where it has none. */
export function orientationOfXmp(xmp: Uint8Array): number | null {
  const found = /tiff:Orientation(?:="|>)([0-9])/.exec(new TextDecoder("latin1").decode(xmp));
  const value = Number(found?.[1]);
  return found && value >= 1 && value <= 8 ? value : null;
}

/** The picture as an orientation wants it. EXIF 2.32, section 4.6.4 A. */
export function turned({ shape: [h, w, c], data }: Raster, orientation: number): Raster {
  if (orientation === 1) return { shape: [h, w, c], data };
  const swapped = orientation >= 5;
  const upsideDown = [3, 4, 7, 8].includes(orientation);
  const mirrored = [2, 3, 6, 7].includes(orientation);
  const [down, across] = swapped ? [w, h] : [h, w];
  const out = new (data.constructor as new (n: number) => Uint8Array)(data.length);
  for (let y = 0, at = 0; y < down; y++) {
    for (let x = 0; x < across; x++, at += c) {
      const row = upsideDown ? down - 1 - y : y;
      const column = mirrored ? across - 1 - x : x;
      const from = (swapped ? column * w + row : row * w + column) * c;
      for (let k = 0; k < c; k++) out[at + k] = data[from + k];
    }
  }
  return { shape: [down, across, c], data: out };
}
