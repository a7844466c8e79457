/** The same bytes as Python, for random keys, shapes, ids, pictures and sizes. */

import { describe, expect, test } from "vitest";
import { hex, unhex } from "../src/bytes.js";
import { asBytes, find, images, Key, prepare, readKey, readPicture, readPng, tagOf, writePng } from "../src/index.js";
import { cases, missing, seed, unb64 } from "./cases.js";

describe.skipIf(missing)(`Python, seed ${seed}`, () => {
  const made = missing ? {} : cases();

  test("ciphers, nonces, cipher PNGs and key files", async () => {
    for (const one of made.ciphers) {
      const what = `${one.scheme} ${JSON.stringify(one.fields)} ${one.shape}`;
      const scheme = find(one.scheme, one.fields);
      const key = new Key(unhex(one.key));
      expect(await key.fingerprint()).toBe(one.fingerprint);
      expect((await readKey(one.file)).equals(key)).toBe(true);
      const ids = one.ids.map((codes: number[]) => String.fromCodePoint(...codes));
      const plain = images(unb64(one.plain), one.shape);
      const cipher = await scheme.encrypt(plain, key, { ids, pad: one.pad });
      expect(Buffer.from(cipher.images.data.buffer).toString("base64") === one.cipher, what).toBe(true);
      expect(cipher.images.shape, what).toEqual(one.cipher_shape);
      expect((cipher.nonces ?? []).map(hex), what).toEqual(one.nonces);
      expect(cipher.size, what).toEqual(one.size);
      if (scheme.traits.invertible && !scheme.traits.error) {
        expect(Buffer.from((await scheme.decrypt(cipher, key)).data).equals(Buffer.from(plain.data)), what).toBe(true);
      }
      if (!one.png) continue;
      const [, h, w, c] = cipher.images.shape;
      const first = { shape: [h, w, c] as const, data: cipher.images.data.subarray(0, h * w * c) };
      const file = writePng(first, tagOf(scheme, one.fingerprint, cipher, 0));
      expect(Buffer.from(file).toString("base64") === one.png, `PNG of ${what}`).toBe(true);
      const back = await readPng(file);
      expect(Buffer.from(back.data as Uint8Array).equals(Buffer.from(first.data)), what).toBe(true);
      expect(back.tag, what).toEqual(tagOf(scheme, one.fingerprint, cipher, 0));
    }
  });

  test("pictures", async () => {
    for (const one of made.pictures.filter(({ name }: any) => !name.startsWith("jpeg") || /cut|cmyk/.test(name))) {
      const found = await readPicture(unb64(one.file)).then(asBytes, (error) => error);
      const unread = one.error ?? (/webp|gif|bmp|cmyk/.test(one.name) ? "a sentence" : "");
      if (unread) expect(found, one.name).toBeInstanceOf(Error);
      else {
        expect(found.raster?.shape ?? found, one.name).toEqual(one.shape);
        expect(found.depth, one.name).toBe(one.depth);
        expect(Buffer.from(found.raster.data).toString("base64") === one.pixels, one.name).toBe(true);
      }
    }
  });

  test("prepared pictures", async () => {
    for (const one of made.prepared) {
      const what = `${JSON.stringify(one.sizes)} ${one.depth}`;
      const picture = await readPicture(unb64(one.file));
      if (one.error) expect(() => prepare(picture, one.sizes), what).toThrow();
      else {
        const { raster } = asBytes(prepare(picture, one.sizes));
        expect(raster.shape, `${what} of ${picture.shape}`).toEqual(one.shape);
        expect(Buffer.from(raster.data).toString("base64") === one.pixels, `${what} of ${picture.shape}`).toBe(true);
      }
    }
  });
});
