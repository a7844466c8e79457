/**
 * PNGs. The writer stores pixels and does not deflate them, always the same bytes, never through a canvas, whose read-back
 * some browsers alter. The reader takes any still, whole PNG with the pixels that Python reads, alpha and 16 bits included.
 */

import { type Bytes, joined } from "../bytes.js";
import { BadImage, BadShape } from "../errors.js";
import { bytesOf } from "../plans/arrays.js";
import { adler32, crc32 } from "./checksums.js";
import { interlaced, packedRows, unfilter } from "./scanlines.js";
import { readTag, type Tag, tagBytes } from "./tag.js";

export const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 0x1a, 10);
export const MOST_PIXELS = 1 << 28;
const COLOUR = [0, 0, 4, 2, 6]; // channels -> colour type
const DEPTHS: Record<number, number[]> = { 0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16] };
const BLOCK = 65535; // the longest stored deflate block

/** Samples of one picture: (h, w, c), 8 or 16 bits each. */
export interface Raster {
  readonly shape: readonly [number, number, number];
  readonly data: Uint8Array | Uint16Array;
}

/** What a PNG file holds. chunks: the small ones, by their kind. */
export interface Png extends Raster {
  readonly tag: Tag | null;
  readonly chunks: ReadonlyMap<string, Uint8Array>;
}

/** A PNG file of one image, its pixels stored, its tag in the chunk `imVl`. Uint16Array gives a PNG of 16 bits. */
export function encode({ data, shape: [h, w, c] }: Raster, tag: Tag | null = null): Bytes {
  if (!(c >= 1 && c <= 4) || !h || !w || data.length !== h * w * c) {
    throw new BadShape(`a PNG holds (h, w, c) with 1 to 4 channels, got ${h}x${w}x${c}`);
  }
  if (h * w > MOST_PIXELS) throw new BadShape(`a PNG of ${w}x${h} pixels is too large`);
  const wide = data instanceof Uint16Array;
  const bytes = wide ? bytesOf(2 * data.length, (i) => data[i >> 1] >> (i & 1 ? 0 : 8)) : data;
  const stride = bytes.length / h;
  const rows = new Uint8Array(h * (stride + 1)); // each row opens with filter type 0, none
  for (let y = 0; y < h; y++) rows.set(bytes.subarray(y * stride, (y + 1) * stride), y * (stride + 1) + 1);
  const header = joined(word(w), word(h), Uint8Array.of(wide ? 16 : 8, COLOUR[c], 0, 0, 0));
  const tagged = tag ? [chunk("imVl", tagBytes(tag))] : [];
  return joined(SIGNATURE, chunk("IHDR", header), ...tagged, chunk("IDAT", stored(rows)), chunk("IEND", new Uint8Array(0)));
}

/** The image of a PNG file and its tag. BadImage for anything that is no whole, unbroken, still PNG. */
export async function decode(file: Uint8Array): Promise<Png> {
  const { h, w, bits, colour, adam7 } = header(file);
  const packed: Uint8Array[] = [];
  const chunks = new Map<string, Uint8Array>();
  let tag: Tag | null = null;
  for (const [kind, body] of eachChunk(file)) {
    if (kind === "IDAT") packed.push(body);
    else if (kind === "acTL") throw new BadImage("the PNG is animated, only still images are read");
    else if (kind === "imVl") {
      if (tag) throw new BadImage("the PNG has two chunks imVl");
      tag = readTag(body);
    } else chunks.set(kind, body);
  }
  if (adam7 && bits === 16) throw new BadImage("interlaced PNGs of 16 bits are not read", "save it without interlacing");
  const channels = [1, 0, 3, 1, 2, 0, 4][colour];
  const passes = adam7 ? interlaced(h, w) : [{ h, w, top: 0, left: 0, down: 1, across: 1 }];
  const lengths = passes.map((pass) => pass.h * (1 + Math.ceil((pass.w * channels * bits) / 8)));
  const raw = await inflate(joined(...packed), lengths.reduce((a, b) => a + b, 0));
  const samples = bits === 16 ? new Uint16Array(h * w * channels) : new Uint8Array(h * w * channels);
  let at = 0;
  passes.forEach((pass, i) => {
    const rows = unfilter(raw.subarray(at, (at += lengths[i])), pass.h, Math.max(1, (channels * bits) / 8));
    packedRows(rows, pass, bits, channels, samples, w);
  });
  return { ...expanded({ shape: [h, w, channels], data: samples }, bits, colour, chunks), tag, chunks };
}

interface Header {
  h: number;
  w: number;
  bits: number;
  colour: number;
  adam7: boolean;
}

/** What the first 33 bytes of a PNG file say. */
export function header(file: Uint8Array): Header {
  if (!SIGNATURE.every((byte, i) => file[i] === byte)) {
    throw new BadImage(file.length ? "this is no PNG file" : "the file is empty");
  }
  if (file.length < 33) throw new BadImage("the PNG is cut off");
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  if (view.getUint32(8) !== 13 || text(file, 12) !== "IHDR" || view.getUint32(29) !== crc32(file.subarray(12, 29))) {
    throw new BadImage("the PNG is broken: its header is damaged");
  }
  const [w, h] = [view.getUint32(16), view.getUint32(20)];
  const [bits, colour, method, filters, interlace] = file.subarray(24, 29);
  const sane = w > 0 && h > 0 && w < 2 ** 31 && h < 2 ** 31 && !method && !filters && interlace <= 1;
  if (!sane) throw new BadImage("the PNG is broken: its header makes no sense");
  if (!DEPTHS[colour]?.includes(bits)) throw new BadImage(`the PNG is broken: colour type ${colour} with ${bits} bits`);
  if (w * h > MOST_PIXELS) throw new BadImage(`the image has ${w}x${h} pixels, at most ${MOST_PIXELS} are opened`);
  return { h, w, bits, colour, adam7: interlace === 1 };
}

/** Kind and body of every chunk after the header, each with its CRC checked, to a file that ends with IEND. */
function* eachChunk(file: Uint8Array): Generator<[string, Uint8Array]> {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  for (let at = 33; at + 12 <= file.length; ) {
    const length = view.getUint32(at);
    const end = at + 12 + length;
    if (end > file.length) break;
    if (crc32(file.subarray(at + 4, end - 4)) !== view.getUint32(end - 4)) {
      throw new BadImage("the PNG is broken: a checksum does not fit");
    }
    const kind = text(file, at + 4);
    if (kind === "IEND") {
      if (end !== file.length) throw new BadImage("the PNG is broken: something follows its end");
      return;
    }
    if (/^[A-Z]/.test(kind) && kind !== "IDAT" && kind !== "PLTE") {
      throw new BadImage(`the PNG is broken: unexpected chunk ${kind}`);
    }
    yield [kind, file.subarray(at + 8, end - 4)];
    at = end;
  }
  throw new BadImage("the PNG is cut off");
}

/** Palettes as RGB, few bits as eight, a transparent colour as a last channel: what imveil reads in Python. */
function expanded(raster: Raster, bits: number, colour: number, chunks: ReadonlyMap<string, Uint8Array>): Raster {
  const { shape: [h, w, c], data } = raster;
  const clear = chunks.get("tRNS");
  if (colour === 3) {
    const palette = chunks.get("PLTE") ?? new Uint8Array(0);
    const channels = clear ? 4 : 3;
    const out = new Uint8Array(h * w * channels);
    data.forEach((index, i) => {
      if (3 * index + 2 >= palette.length) throw new BadImage("the PNG is broken: a colour is not in its palette");
      out.set(palette.subarray(3 * index, 3 * index + 3), i * channels);
      if (clear) out[i * 4 + 3] = clear[index] ?? 255;
    });
    return { shape: [h, w, channels], data: out };
  }
  if (bits < 8) {
    if (clear) throw new BadImage("a grey PNG of few bits with a transparent grey is not read", "save it with 8 bits");
    const most = 2 ** bits - 1;
    return { shape: [h, w, c], data: (data as Uint8Array).map((value) => (255 / most) * value) };
  }
  if (!clear || colour > 2) return raster;
  if (clear.length < 2 * c) throw new BadImage("the picture is broken: its transparent colour is cut off");
  const key = Array.from({ length: c }, (_, k) => clear[2 * k] * 256 + clear[2 * k + 1]);
  const out = new (data.constructor as any)(h * w * (c + 1)) as Uint8Array | Uint16Array;
  for (let i = 0; i < h * w; i++) {
    const pixel = data.subarray(i * c, (i + 1) * c);
    out.set(pixel as Uint8Array, i * (c + 1));
    out[i * (c + 1) + c] = pixel.every((value, k) => value === key[k]) ? 0 : 2 ** bits - 1;
  }
  return { shape: [h, w, c + 1], data: out };
}

/** A zlib stream as exactly `length` bytes; never more than that is unpacked. */
async function inflate(packed: Bytes, length: number): Promise<Bytes> {
  // Deflate makes at most 1,032 bytes of one: a short file cannot hold what its header says.
  if (length > 1032 * (packed.length + 8)) throw new BadImage("the PNG is broken: it has fewer pixels than its header says");
  const out = new Uint8Array(length);
  let at = 0;
  try {
    const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (at + value.length > length) throw new BadImage("its pixels are too many");
      out.set(value, at);
      at += value.length;
    }
  } catch {
    at = -1;
  }
  if (at !== length) throw new BadImage("the PNG is broken: its pixels do not fit its size");
  return out;
}

/** A zlib stream of stored blocks, each as long as can be. */
function stored(raw: Uint8Array): Bytes {
  const parts: Uint8Array[] = [Uint8Array.of(0x78, 0x01)];
  for (let at = 0; at < raw.length; at += BLOCK) {
    const block = raw.subarray(at, at + BLOCK);
    const n = block.length;
    const last = at + BLOCK >= raw.length ? 1 : 0;
    parts.push(Uint8Array.of(last, n & 255, n >> 8, ~n & 255, (~n >> 8) & 255), block);
  }
  return joined(...parts, word(adler32(raw)));
}

function chunk(kind: string, body: Uint8Array): Bytes {
  const named = joined(Uint8Array.from(kind, (letter) => letter.charCodeAt(0)), body);
  return joined(word(body.length), named, word(crc32(named)));
}

function word(value: number): Bytes {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

function text(file: Uint8Array, at: number): string {
  return String.fromCharCode(...file.subarray(at, at + 4));
}
