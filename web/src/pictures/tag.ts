/**
 * Tag: what a cipher PNG says of itself in its chunk `imVl`, so that one file alone can be decrypted or refused.
 *
 * One JSON object in UTF-8, its members in the order below, without spaces; docs/spec/png.md. Nothing in it is secret.
 */

import { type Bytes, hex, unhex, utf8 } from "../bytes.js";
import { BadImage } from "../errors.js";
import type { Cipher, Scheme } from "../schemes/base.js";

const LONGEST = 1 << 16;
const NAMES = ["format", "scheme", "fields", "key", "nonce", "size", "depth"];

/** What travels with one cipher image. fields: as the JSON text of an object. */
export interface Tag {
  readonly scheme: string;
  readonly fields: string;
  readonly fingerprint: string;
  readonly nonce: Bytes | null;
  readonly size: readonly [number, number] | null;
  readonly depth: 8 | 16;
}

/** The tag of image i of what a scheme gave. */
export function tagOf(scheme: Scheme, fingerprint: string, cipher: Cipher, i: number, depth: 8 | 16 = 8): Tag {
  const nonce = cipher.nonces?.[i] ?? null;
  return { scheme: scheme.id, fields: scheme.fieldsText(), fingerprint, nonce, size: cipher.size, depth };
}

/** The chunk's data. */
export function tagBytes({ scheme, fields, fingerprint, nonce, size, depth }: Tag): Bytes {
  const members = [
    '"format":1',
    `"scheme":${JSON.stringify(scheme)}`,
    `"fields":${fields}`,
    `"key":${JSON.stringify(fingerprint)}`,
    ...(nonce ? [`"nonce":"${hex(nonce)}"`] : []),
    ...(size ? [`"size":[${size.join(",")}]`] : []),
    ...(depth === 16 ? ['"depth":16'] : []),
  ];
  return utf8(`{${members.join(",")}}`);
}

/** Read a chunk's data; BadImage for anything that is no tag, or one of another version. */
export function readTag(data: Uint8Array): Tag {
  if (data.length > LONGEST) throw new BadImage(`the chunk imVl has ${data.length} bytes, at most ${LONGEST} are allowed`);
  let text: string;
  let members: any;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
    members = JSON.parse(text);
  } catch {
    throw malformed("it is no JSON");
  }
  if (typeof members !== "object" || members === null || Array.isArray(members) || !("format" in members)) {
    throw malformed("it is no object with a format");
  }
  if (repeats(text)) throw malformed("a member comes twice");
  if (members.format !== 1) {
    throw new BadImage(`the chunk imVl has format ${String(members.format).slice(0, 20)}, this imveil reads format 1`);
  }
  const { scheme, fields, key, nonce, size, depth = 8 } = members;
  const unknown = Object.keys(members).find((name) => !NAMES.includes(name));
  if (unknown !== undefined) throw malformed("it has an unknown member");
  if (typeof scheme !== "string" || typeof key !== "string" || typeof fields !== "object" || fields === null
      || Array.isArray(fields)) {
    throw malformed("scheme, fields or key is missing");
  }
  if (Object.values(fields).some((value) => typeof value === "object" && value !== null)) {
    throw malformed("fields hold plain values only");
  }
  if ("nonce" in members && !(typeof nonce === "string" && /^[0-9a-f]{32}$/.test(nonce))) {
    throw malformed("a nonce is 32 hex digits");
  }
  const side = (value: unknown): boolean => Number.isInteger(value) && Number(value) > 0 && Number(value) < 2 ** 31;
  if ("size" in members && !(Array.isArray(size) && size.length === 2 && size.every(side))) {
    throw malformed("size is [height, width]");
  }
  if (depth !== 8 && depth !== 16) throw malformed("depth is 8 or 16");
  return {
    scheme,
    // As it stands in the file: JavaScript would write 1.0 as 1.
    fields: /"fields":(\{.*?\})[,}]/s.exec(text)?.[1] ?? JSON.stringify(fields),
    fingerprint: key,
    nonce: nonce ? unhex(nonce) : null,
    size: size ?? null,
    depth,
  };
}

/** Whether an object in a JSON text has a member twice, which JSON.parse does not tell. */
function repeats(text: string): boolean {
  const open: Set<string>[] = [];
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}:]/g) ?? [];
  return tokens.some((token, i) => {
    if (token === "{") open.push(new Set());
    else if (token === "}") open.pop();
    else if (token !== ":" && tokens[i + 1] === ":") {
      const name: string = JSON.parse(token);
      if (open.at(-1)!.has(name)) return true;
      open.at(-1)!.add(name);
    }
    return false;
  });
}

function malformed(what: string): BadImage {
  return new BadImage("the chunk imVl is malformed", what);
}
