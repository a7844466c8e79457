/**
 * imveil in the browser: pictures are encrypted before anything leaves it, with the bytes that Python gives.
 *
 *     import { find, Key, images } from "imveil";
 *
 *     const key = Key.generate();
 *     const scheme = find("negpos/1", { per_image: true });
 *     const cipher = await scheme.encrypt(images(pixels, [1, 32, 32, 3]), key, { ids: ["holiday.png"] });
 */

export * from "./errors.js";
export { utf8 } from "./bytes.js";
export { Key } from "./keys/key.js";
export { Keystream } from "./keys/stream.js";
export { type About, aboutKey, plain as keyText, readKey } from "./keys/files.js";
export { Kdf } from "./keys/kdf.js";
export { wrap as wrapKey } from "./keys/wrap.js";
export type { Shape } from "./plans/blocks.js";
export { type Images, images } from "./plans/images.js";
export { Plan, type Transform } from "./plans/plan.js";
export { find, schemes } from "./schemes/find.js";
export { type Cipher, type EncryptOptions, Scheme, type Traits } from "./schemes/base.js";
export { decode as readPng, encode as writePng, type Png, type Raster } from "./pictures/png.js";
export { type Tag, tagOf } from "./pictures/tag.js";
export { readPicture, asBytes } from "./pictures/read.js";
export { prepare, type Preparation } from "./pictures/prepare.js";
export { answer, type Message, request, type Tensor } from "./protocol/binary.js";
export { Client, type ModelMetadata } from "./protocol/client.js";
export { keyBytes } from "./protocol/keybytes.js";
export { Encryptor } from "./worker/encryptor.js";
