// What runs in the page of a browser under test; `browsers.test.ts` calls it. Every function gives what JSON can hold.

import * as imveil from "/imveil.js";
import * as timing from "/speed.js";

const unb64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const unhex = (digits) => Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const digest = async (bytes) => hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
const vectors = async () => (await fetch("/vectors.json")).json();

/** The vectors whose bytes differ, and how many there were. */
export async function golden() {
  const wrong = [];
  const all = await vectors();
  const encryptor = new imveil.Encryptor("/worker.js");
  for (const vector of all) {
    const scheme = imveil.find(vector.scheme, vector.fields);
    const key = new imveil.Key(unhex(vector.key));
    const plain = imveil.images(unb64(vector.plain), vector.shape);
    const cipher = await scheme.encrypt(plain, key, { ids: vector.ids });
    const worked = await encryptor.encrypt(scheme, plain, key, { ids: vector.ids });
    for (const one of [cipher, worked]) {
      const same = (await digest(one.images.data)) === vector.sha256;
      if (!same || (one.nonces ?? []).map(hex).join() !== vector.nonces.join()) wrong.push(vector.name);
    }
    if (!scheme.traits.invertible) continue;
    const back = await encryptor.decrypt(scheme, worked, key);
    const error = back.data.reduce((most, value, i) => Math.max(most, Math.abs(value - plain.data[i])), 0);
    if (error !== scheme.traits.error) wrong.push(`${vector.name} back`);
  }
  encryptor.close();
  return { wrong, count: all.length };
}

/** The pictures that are not read as Python reads them. */
export async function pictures(list) {
  const wrong = [];
  for (const one of list) {
    try {
      const { raster, depth } = imveil.asBytes(await imveil.readPicture(unb64(one.file)));
      const pixels = unb64(one.pixels ?? "");
      const same = raster.shape.join() === String(one.shape) && depth === one.depth;
      if (!same || raster.data.some((value, i) => value !== pixels[i])) wrong.push(one.name);
    } catch (error) {
      if (!one.error && !/webp|gif|bmp|cmyk/.test(one.name)) wrong.push(`${one.name}: ${error.message}`);
    }
  }
  return wrong;
}

/** The key in a key file. */
export async function opened({ file, passphrase }) {
  return hex((await imveil.readKey(file, () => passphrase)).reveal());
}

/** As in speed.js. */
export const speed = (...args) => timing.speed(imveil, ...args);
export const opening = (...args) => timing.opening(imveil, ...args);
export const schemes = () => imveil.schemes();
export const agent = () => navigator.userAgent;

/** What stands in the way where a page was opened over plain http. */
export async function withoutCrypto() {
  try {
    await imveil.Key.generate().fingerprint();
    return "";
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
}
