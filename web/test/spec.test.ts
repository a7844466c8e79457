/** Byte-equal on the vectors of docs/spec: keys, key files, streams, cipher PNGs; and on the orbits of chaotic maps. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { hex, unhex } from "../src/bytes.js";
import { aboutKey, readKey, unplain } from "../src/keys/files.js";
import { orderOf, orders } from "../src/keys/sorting.js";
import { sha256 } from "../src/keys/webcrypto.js";
import { Kdf } from "../src/keys/kdf.js";
import { wrap } from "../src/keys/wrap.js";
import { Key, keyText, readPng, writePng } from "../src/index.js";
import { readTag, tagBytes } from "../src/pictures/tag.js";
import { Henon, Lattice, Logistic, SkewTent } from "../src/schemes/chaos/maps.js";
import { orbit, quantised, type Quantiser, sequence } from "../src/schemes/chaos/orbit.js";
import { json, VECTORS } from "./vectors.js";

const spec = json<any>("spec/key.json");

describe("keys", () => {
  test.each<any>(spec.keys)("derivation, fingerprint, mac, file of $fingerprint", async (vector) => {
    const key = new Key(unhex(vector.key));
    expect(await key.fingerprint()).toBe(vector.fingerprint);
    expect(hex(await key.mac(unhex(vector.mac.data)))).toBe(vector.mac.mac);
    for (const { path, key: derived } of vector.derived) {
      expect(hex((await key.derive(...path.map(unhex))).reveal())).toBe(derived);
    }
    expect((await keyText(key)).split("\n")[2]).toBe(vector.file);
    expect((await unplain(await keyText(key))).equals(key)).toBe(true);
  });

  test.each<any>(spec.wrapped)("a wrapped file opens with $passphrase", async ({ key, passphrase, file }) => {
    expect(await aboutKey(file)).toMatchObject({ kind: "wrapped", fingerprint: await new Key(unhex(key)).fingerprint() });
    expect(hex((await readKey(file, () => passphrase)).reveal())).toBe(key);
    await expect(readKey(file)).rejects.toThrow("passphrase");
    await expect(readKey(file.replace("salt ", "salt 0"), () => passphrase)).rejects.toThrow("altered");
    await expect(readKey(file.replace(/check (.)/, "check f"), () => "x")).rejects.toThrow(/altered|not open/);
  });

  test("what is wrapped here opens again, with the right passphrase only", async () => {
    const key = Key.generate();
    const file = await wrap(key, () => "Grüße", new Kdf("scrypt", [1024, 8, 1]));
    expect((await readKey(file, () => "Gru\u0308\u00dfe")).equals(key)).toBe(true); // composed form is the same
    await expect(readKey(file, () => "Gruesse")).rejects.toThrow("does not open with this passphrase");
  });

  test("every changed letter of a plain key file is seen", async () => {
    const text = await keyText(new Key(unhex(spec.keys[1].key)));
    for (let i = 0; i < text.trimEnd().length; i++) {
      const changed = text.slice(0, i) + String.fromCharCode(text.charCodeAt(i) ^ 1) + text.slice(i + 1);
      await expect(unplain(changed), `letter ${i}`).rejects.toThrow();
    }
  });

  test("a key shows nothing", async () => {
    const key = Key.generate();
    expect(`${key}`).toBe("Key(...)");
    expect(() => JSON.stringify({ key })).toThrow("never written into JSON");
    expect(Object.values(structuredClone(key) as object)).toEqual([]);
  });
});

describe("streams", () => {
  test.each<any>(json<any[]>("spec/stream.json").map((one) => ({ ...one })))("of $key", async (vector) => {
    const stream = () => new Key(unhex(vector.key)).stream();
    expect(hex(await stream().bytes(64))).toBe(vector.bytes);
    expect(hex(await sha256(await stream().bytes(800_000)))).toBe(vector["sha256 of 800000 bytes"]);
    for (const { limit } of vector.below) {
      expect(Array.from(await stream().below64(BigInt(limit), 12), String)).toEqual(exact(limit, vector.key));
    }
    for (const [n, places] of Object.entries(vector.permutation)) {
      expect(Array.from(await stream().permutation(Number(n)))).toEqual(places);
    }
    const long = BigUint64Array.from(Array.from(await stream().permutation(100_000), BigInt));
    expect(hex(await sha256(new Uint8Array(long.buffer)))).toBe(vector["sha256 of permutation 100000"]);
    const pieces = stream();
    expect(hex(await pieces.bytes(5)) + hex(await pieces.bytes(40)) + hex(await pieces.bytes(19))).toBe(vector.bytes);
  });
});

test("equal words and numbers keep their order", () => {
  const words = BigUint64Array.from([7n, 3n, 7n, 0n, 3n, 2n ** 63n, 7n, 2n ** 40n]);
  expect(Array.from(orders(new Uint32Array(words.buffer), 1, 8))).toEqual([3, 1, 4, 0, 2, 6, 7, 5]);
  expect(Array.from(orders(new Uint32Array(words.buffer), 2, 4))).toEqual([3, 1, 0, 2, 0, 2, 3, 1]);
  expect(Array.from(orderOf(Float64Array.of(0.5, 1, 0.5, 0, 1, 0.25, 0.5)))).toEqual([3, 5, 0, 2, 6, 1, 4]);
});

/** Numbers below a limit as digits: JSON.parse loses some beyond 2^53, so they are read from the text. */
function exact(limit: string, key: string): string[] {
  const text = readFileSync(join(VECTORS, "spec/stream.json"), "utf8");
  const found = new RegExp(`"limit": "${limit}",\\s*"numbers": \\[([^\\]]*)\\]`).exec(text.slice(text.indexOf(`"key": "${key}"`)));
  return found![1].split(",").map((digits) => digits.trim());
}

describe("cipher PNGs", () => {
  test.each<any>(json<any[]>("spec/png.json").map((one, i) => ({ ...one, channels: i + 1 })))("$channels channels", async ({ image, tag, file }) => {
    const shape = [image.length, image[0].length, image[0][0].length] as const;
    const data = Uint8Array.from(image.flat(2));
    const parsed = tag ? readTag(new TextEncoder().encode(tag)) : null;
    if (parsed) expect(new TextDecoder().decode(tagBytes(parsed))).toBe(tag);
    expect(hex(writePng({ shape, data }, parsed))).toBe(file);
    const back = await readPng(unhex(file));
    expect([back.shape, back.data, back.tag]).toEqual([shape, data, parsed]);
  });

  test("what is no tag is refused", () => {
    const bytes = (text: string) => new TextEncoder().encode(text);
    const good = '{"format":1,"scheme":"plain/1","fields":{},"key":""}';
    expect(readTag(bytes(good)).scheme).toBe("plain/1");
    for (const text of ["", "[]", "null", "\ufeff" + good, good.replace("1", "2"), good.replace('"key"', '"kee"'), good.replace("{}", "[]"),
      good.replace("{}", '{"a":[]}'), good.replace("}}", '},"nonce":"00"}'), good.replace('""', '"","size":[1]'), good + "x",
      good.replace('"key":""', '"key":"","key":""'), good.replace("{}", '{"a":1,"\\u0061":2}')]) {
      if (text !== good) expect(() => readTag(bytes(text)), text).toThrow("chunk imVl");
    }
  });

  test("one changed byte is refused", async () => {
    const file = unhex(json<any[]>("spec/png.json")[2].file);
    for (let i = 0; i < file.length; i++) {
      const changed = file.slice();
      changed[i] ^= 1;
      await expect(readPng(changed), `byte ${i}`).rejects.toThrow(/PNG|chunk|image/);
    }
  });
});

describe("orbits", () => {
  const maps: [string, any, (start: any) => any][] = [
    ["logistic", Logistic, ([x0, r]) => ({ x0, r })],
    ["skew-tent", SkewTent, ([x0, p]) => ({ x0, p })],
    ["henon", Henon, ([x0, y0]) => ({ x0, y0 })],
    ["lattice", Lattice, ([x0, r]) => ({ x0, r })],
  ];
  test.each(maps)("%s", async (name, map, params) => {
    for (const vector of json<any[]>(`orbits/${name}.json`)) {
      const start = params(vector.start.map((part: any) => (Array.isArray(part) ? part.map(float) : float(part))));
      // A few starts are weak or of another range on purpose: the map itself runs them all the same.
      const numbers = new Float64Array(vector.numbers);
      map.run(start, 0, numbers);
      expect(Array.from(numbers.subarray(0, 9))).toEqual(vector.first.map(float));
      expect(hex(await sha256(new Uint8Array(numbers.buffer)))).toBe(vector.sha256);
      for (const [quantiser, { sha256: sum }] of Object.entries<any>(vector.bytes)) {
        const bytes = quantised(numbers, quantiser as Quantiser);
        expect(hex(await sha256(bytes))).toBe(sum);
      }
    }
  });

  test("weak parameters are refused without being shown", () => {
    for (const params of [{ x0: 0.5, r: 4 }, { x0: 0.3, r: 3.83 }, { x0: 1, r: 4 }, { x0: 0.3, r: 3.5 }]) {
      expect(() => orbit(Logistic, 1, 0, params)).toThrow(/x0|r lies|r of/);
    }
    expect(() => sequence(Lattice, 1, 0, "mantissa", { x0: Array(8).fill(0.3), r: 4 })).toThrow("weak start");
  });
});

/** 0x1.8p-1 as a number. */
function float(text: string): number {
  const [, sign, whole, digits, exponent] = /^(-?)0x(\d)\.([0-9a-f]+)p([+-]\d+)$/.exec(text)!;
  const value = (parseInt(whole, 16) + Number(`0x${digits}`) * 16 ** -digits.length) * 2 ** Number(exponent);
  return sign ? -value : value;
}
