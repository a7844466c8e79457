/**
 * Key files: a key as a few lines of text, as it is or under a passphrase.
 *
 *     imveil-key-1
 *     # A secret: who has the next line has the key. fingerprint ioes-uskh-tcku-o3ya
 *     aaaa...ef2w              64 letters of base32: the key, and 8 bytes that tell a mistyped key from another one
 *
 * The other form is in `wrap`. docs/spec/key.md has both in words.
 */

import { base32, joined, same, unbase32 } from "../bytes.js";
import { BadKeyFile } from "../errors.js";
import { Key, SIZE } from "./key.js";
import { look, unwrap } from "./wrap.js";

const HEAD = "imveil-key-1";
const MOST = 1 << 16;
const OTHERS: Record<string, string> = { identity: "is an identity", share: "is a key that was shared" };

/** What may be said of a key file before any passphrase. kdf: how its passphrase is stretched, or empty. */
export interface About {
  kind: "plain" | "wrapped";
  fingerprint: string;
  kdf: string;
}

/**
 * The key in the text of a key file of either form.
 *
 * ask: gives the passphrase of a wrapped file, called once and only where one is needed. BadKeyFile, WrongPassphrase.
 */
export async function readKey(text: string, ask?: () => string | Promise<string>): Promise<Key> {
  if (!isWrapped(text)) return unplain(text);
  look(text);
  if (!ask) throw new BadKeyFile("is wrapped with a passphrase, which was not given");
  return unwrap(text, ask);
}

/** Kind and fingerprint of a key file; a wrapped one is taken at its word. */
export async function aboutKey(text: string): Promise<About> {
  if (!isWrapped(text)) return { kind: "plain", fingerprint: await (await unplain(text)).fingerprint(), kdf: "" };
  const { fingerprint, kdf } = look(text);
  return { kind: "wrapped", fingerprint, kdf: kdf.toString() };
}

/** The text of a plain key file. */
export async function plain(key: Key): Promise<string> {
  return `${HEAD}\n${await comment(key)}\n${base32(joined(key.reveal(), await check(key)))}\n`;
}

/** The key in the text of a plain key file. Blank lines, and those that begin with ##, are nothing. */
export async function unplain(text: string): Promise<Key> {
  if (text.length > MOST) throw new BadKeyFile(`is no key file of imveil: it has more than ${MOST} bytes`);
  if (!text.trim()) throw new BadKeyFile("is empty", "imveil keygen makes a key");
  const [head, ...rest] = text.split("\n").map((line) => line.replace(/^[ \t\r]+|[ \t\r]+$/g, ""));
  sameKind(head);
  const lines = rest.filter((line) => line && !line.startsWith("##"));
  const comments = lines.filter((line) => line.startsWith("#"));
  const found = lines.filter((line) => !line.startsWith("#"));
  if (found.length !== 1) {
    throw new BadKeyFile(`is cut off or altered: it has ${found.length} lines of key, one was needed`);
  }
  const data = found[0].length === 64 ? unbase32(found[0]) : null;
  const key = data && new Key(data.subarray(0, SIZE));
  if (!key || !same(data.subarray(SIZE), await check(key))) {
    throw new BadKeyFile("is cut off or mistyped: its check does not fit", "take a copy of it from elsewhere");
  }
  const own = await comment(key);
  if (comments.some((line) => line !== own)) {
    throw new BadKeyFile("has a comment that is not of this key: it was altered", "lines that begin with ## are free");
  }
  return key;
}

/** Whether a file's text is of the wrapped form. */
export function isWrapped(text: string): boolean {
  return text.startsWith(`${HEAD}\nwrapped`);
}

async function check(key: Key): Promise<Uint8Array> {
  return (await key.derive("imveil", "check")).reveal().subarray(0, 8);
}

async function comment(key: Key): Promise<string> {
  return `# A secret: who has the next line has the key. fingerprint ${await key.fingerprint()}`;
}

function sameKind(head: string): void {
  if (head === HEAD) return;
  const other = /^imveil-([a-z]{1,16})-(\d{1,4})$/.exec(head);
  if (other?.[1] === "key") throw new BadKeyFile(`is of version ${other[2]}, version 1 is what this imveil reads`);
  if (other && other[1] in OTHERS) {
    throw new BadKeyFile(`${OTHERS[other[1]]}, a file of ${HEAD} was needed`, "imveil key open makes a key file of it");
  }
  throw new BadKeyFile(`is no key file of imveil, whose first line is ${HEAD}`, "imveil keygen makes one");
}
