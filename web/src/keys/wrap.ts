/**
 * A key under a passphrase, as the text of a file: a KDF, then AES-256-GCM. All of it is authenticated.
 *
 *     imveil-key-1
 *     wrapped scrypt 131072 8 1                     the KDF and its three parameters, in decimal digits
 *     salt 9f0c...                                  16 bytes in hex
 *     fingerprint ioes-uskh-tcku-o3ya
 *     sealed 41d7...                                48 bytes: AES-256-GCM(KDF(passphrase, salt), nonce: zeros, the key)
 *     check 5b1e...                                 the first 8 bytes of SHA-256 of all lines above
 *
 * The lines above `sealed` are its associated data.
 */

import { hex, unhex, utf8 } from "../bytes.js";
import { BadKeyFile, WrongPassphrase } from "../errors.js";
import { type Ask, type Cost, Kdf, SCRYPT } from "./kdf.js";
import { Key } from "./key.js";
import { random, sha256, subtle } from "./webcrypto.js";

const NUMBER = "([1-9][0-9]{0,9})";
const FORM = new RegExp(
  `^(imveil-key-1\\nwrapped (argon2id|scrypt) ${NUMBER} ${NUMBER} ${NUMBER}\\n` +
    "salt ([0-9a-f]{32})\\nfingerprint ([a-z2-7]{4}(?:-[a-z2-7]{4}){3})\\n)" +
    "sealed ([0-9a-f]{96})\\ncheck ([0-9a-f]{16})\\n$",
);

interface Wrapped {
  head: string;
  kdf: Kdf;
  salt: string;
  fingerprint: string;
  sealed: string;
  check: string;
}

/** The text of a key file that the passphrase opens. kdf: scrypt with 128 MiB unless given. */
export async function wrap(key: Key, ask: Ask, kdf: Kdf = SCRYPT): Promise<string> {
  const salt = random(16);
  const head = `imveil-key-1\nwrapped ${kdf}\nsalt ${hex(salt)}\nfingerprint ${await key.fingerprint()}\n`;
  const aead = await opened(kdf, salt, ask, "encrypt");
  const body = `${head}sealed ${hex(new Uint8Array(await subtle().encrypt(gcm(head), aead, key.reveal())))}\n`;
  return `${body}check ${await checkOf(body)}\n`;
}

/** What the text of a wrapped file says of itself, its limits looked at. Only opening the file proves the fingerprint. */
export function look(text: string): Wrapped {
  const match = FORM.exec(text);
  if (!match) throw new BadKeyFile("is cut off or altered", "take a copy of it from elsewhere");
  const [, head, name, a, b, c, salt, fingerprint, sealed, check] = match;
  const kdf = new Kdf(name as Kdf["name"], [a, b, c].map(Number) as unknown as Cost);
  kdf.check();
  return { head, kdf, salt, fingerprint, sealed, check };
}

/** The key in the text of a wrapped file. BadKeyFile before it asks, WrongPassphrase after. */
export async function unwrap(text: string, ask: Ask): Promise<Key> {
  const { head, kdf, salt, fingerprint, sealed, check } = look(text);
  if (check !== (await checkOf(text.slice(0, text.lastIndexOf("check "))))) {
    throw new BadKeyFile("is cut off or altered", "take a copy of it from elsewhere");
  }
  const aead = await opened(kdf, unhex(salt), ask, "decrypt");
  let secret: ArrayBuffer;
  try {
    secret = await subtle().decrypt(gcm(head), aead, unhex(sealed));
  } catch {
    throw new WrongPassphrase("does not open with this passphrase", "or it was altered on purpose");
  }
  const key = new Key(new Uint8Array(secret));
  if ((await key.fingerprint()) !== fingerprint) {
    throw new BadKeyFile(`names the key ${fingerprint} and holds the key ${await key.fingerprint()}`);
  }
  return key;
}

async function opened(kdf: Kdf, salt: Uint8Array, ask: Ask, use: KeyUsage): Promise<CryptoKey> {
  const raw = await kdf.stretch(salt, ask);
  return subtle().importKey("raw", raw as BufferSource, "AES-GCM", false, [use]);
}

function gcm(head: string): AesGcmParams {
  // The nonce may be zero: a fresh salt gives a fresh key, which encrypts once.
  return { name: "AES-GCM", iv: new Uint8Array(12), additionalData: utf8(head) };
}

async function checkOf(body: string): Promise<string> {
  return hex(await sha256(utf8(body))).slice(0, 16);
}
