/** The worker: encrypts and decrypts off the page's thread. Keys that it has seen, and their plans, are remembered. */

import { hex } from "../bytes.js";
import { Key } from "../keys/key.js";
import { images } from "../plans/images.js";
import type { Cipher } from "../schemes/base.js";
import { find } from "../schemes/find.js";
import type { Outcome, Task } from "./messages.js";

const keys = new Map<string, Key>();

function keyOf(secret: Uint8Array): Key {
  const name = hex(secret);
  const key = keys.get(name) ?? new Key(secret);
  keys.set(name, key);
  return key;
}

async function done(task: Task): Promise<Outcome> {
  const { number } = task;
  try {
    const scheme = find(task.scheme, task.fields);
    const key = keyOf(task.secret);
    const batch = images(task.data as Uint8Array, task.shape);
    if (task.what === "encrypt") {
      const cipher = await scheme.encrypt(batch, key, { ids: task.ids, pad: task.pad });
      return { number, data: cipher.images.data, shape: cipher.images.shape, nonces: cipher.nonces, size: cipher.size };
    }
    const cipher = { images: batch, nonces: task.nonces ?? null, size: task.size ?? null } as Cipher;
    const plain = await scheme.decrypt(cipher, key);
    return { number, data: plain.data, shape: plain.shape, nonces: null, size: null };
  } catch (error) {
    const { name, message, hint = "" } = error as Error & { hint?: string };
    return { number, error: { name, message, hint } };
  }
}

interface Scope {
  onmessage: (event: MessageEvent<Task>) => void;
  postMessage(outcome: Outcome, moved: Transferable[]): void;
}

const scope = globalThis as unknown as Scope;

scope.onmessage = async ({ data: task }) => {
  const outcome = await done(task);
  scope.postMessage(outcome, "data" in outcome ? [outcome.data.buffer] : []);
};
