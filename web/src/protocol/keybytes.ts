/** How many bytes of a key are in what is sent: counted, so that a page can show it, not promised. */

import { base32, hex } from "../bytes.js";
import type { Key } from "../keys/key.js";

const RUN = 6; // so many bytes in a row are no coincidence in a message of less than a gigabyte

/**
 * How many bytes of `message` belong to a run of the key's secret: raw, in hex, in base32 or in base64, in either case.
 */
export function keyBytes(message: Uint8Array, key: Key): number {
  const secret = key.reveal();
  const text = (letters: string): Uint8Array => Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
  const padded = new Uint8Array(35);
  padded.set(secret);
  const forms = [
    secret, secret.slice().reverse(), text(hex(secret)), text(hex(secret).toUpperCase()),
    text(base32(padded).slice(0, 51)), text(base32(padded).slice(0, 51).toUpperCase()),
    text(btoa(String.fromCharCode(...secret)).replace(/=+$/, "")),
  ];
  const counted = new Uint8Array(message.length);
  for (const [i, form] of forms.entries()) mark(message, form, i < 2 ? RUN : 2 * RUN, counted);
  return counted.reduce((sum, one) => sum + one, 0);
}

function mark(message: Uint8Array, form: Uint8Array, run: number, counted: Uint8Array): void {
  const starts = new Map<number, number[]>();
  for (let i = 0; i + run <= form.length; i++) starts.set(form[i], [...(starts.get(form[i]) ?? []), i]);
  for (let at = 0; at + run <= message.length; at++) {
    for (const start of starts.get(message[at]) ?? []) {
      let length = 1;
      while (start + length < form.length && message[at + length] === form[start + length]) length++;
      if (length >= run) counted.fill(1, at, at + length);
    }
  }
}
