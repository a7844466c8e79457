/** Byte-equal on the project's vectors of every scheme, and back again. */

import { describe, expect, test } from "vitest";
import { hex, unhex } from "../src/bytes.js";
import { sha256 } from "../src/keys/webcrypto.js";
import { find, images, Key, schemes } from "../src/index.js";
import { pictures, schemeVectors } from "./vectors.js";

const vectors = schemeVectors().filter(({ scheme }) => schemes().includes(scheme));

describe("golden vectors", () => {
  test.each(vectors)("$name", async (vector) => {
    const length = vector.shape.reduce((a, b) => a * b);
    const plain = images(pictures(vector.pictures, length), vector.shape);
    const scheme = find(vector.scheme, vector.fields);
    const key = new Key(unhex(vector.key));
    const cipher = await scheme.encrypt(plain, key, { ids: vector.ids });
    const bytes = new Uint8Array(cipher.images.data.buffer);
    expect(hex(bytes).startsWith(vector.first)).toBe(true);
    expect(hex(await sha256(bytes))).toBe(vector.sha256);
    expect((cipher.nonces ?? []).map(hex)).toEqual(vector.nonces);
    if (!scheme.traits.invertible) return;
    const back = (await scheme.decrypt(cipher, key)).data;
    const worst = back.reduce((most, value, i) => Math.max(most, Math.abs(value - plain.data[i])), 0);
    expect(worst).toBe(scheme.traits.error);
  });

  test("there are some of every scheme", () => {
    expect([...new Set(vectors.map(({ scheme }) => scheme))].sort()).toEqual(schemes());
  });
});
