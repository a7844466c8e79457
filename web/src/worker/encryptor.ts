/** Encryptor: a scheme's encrypt and decrypt, done in a worker, so that a page never stands still. */

import * as errors from "../errors.js";
import type { Key } from "../keys/key.js";
import { type Images, images } from "../plans/images.js";
import type { Cipher, EncryptOptions, Scheme } from "../schemes/base.js";
import type { Outcome, Task } from "./messages.js";

/** A worker of one's own. Close it when it is not needed any more. */
export class Encryptor {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, { resolve: (outcome: any) => void; reject: (error: Error) => void }>();
  #number = 0;

  /** script: where worker.js lies; beside this file unless given. */
  constructor(script: string | URL = new URL("./worker.js", import.meta.url)) {
    this.#worker = new Worker(script, { type: "module", name: "imveil" });
    this.#worker.onmessage = ({ data }: MessageEvent<Outcome>) => this.#settle(data);
    this.#worker.onerror = () => this.#fail(new errors.Unavailable("the worker could not be started"));
  }

  /** As `scheme.encrypt`. */
  async encrypt(scheme: Scheme, batch: Images, key: Key, options: EncryptOptions = {}): Promise<Cipher> {
    const { data, shape, nonces, size } = await this.#ask(scheme, key, { what: "encrypt", ...batch, ...options });
    return { images: images(data as Uint8Array, shape), nonces, size } as Cipher;
  }

  /** As `scheme.decrypt`. */
  async decrypt(scheme: Scheme, { images: batch, nonces, size }: Cipher, key: Key): Promise<Images> {
    const { data, shape } = await this.#ask(scheme, key, { what: "decrypt", ...batch, nonces, size });
    return images(data as Uint8Array, shape);
  }

  /** End the worker; what it still had to do fails. */
  close(): void {
    this.#worker.terminate();
    this.#fail(new errors.Unavailable("the worker was closed"));
  }

  #ask(
    scheme: Scheme, key: Key, rest: Omit<Task, "number" | "secret" | "scheme" | "fields">,
  ): Promise<Exclude<Outcome, { error: unknown }>> {
    const number = this.#number++;
    const task: Task = { number, secret: key.reveal(), scheme: scheme.id, fields: scheme.config(), ...rest };
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
      this.#worker.postMessage(task);
    });
  }

  #settle(outcome: Outcome): void {
    const waiting = this.#waiting.get(outcome.number);
    this.#waiting.delete(outcome.number);
    if (!("error" in outcome)) return waiting?.resolve(outcome);
    const error = new errors.ImveilError(outcome.error.message);
    error.name = outcome.error.name;
    waiting?.reject(error);
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
