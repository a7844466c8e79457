/** Asking: pictures are encrypted in the worker, sent as a query, and answered. */

import { type Cipher, type Client, type Encryptor, images, type Key, type Message, request, type Tensor, utf8 } from "imveil";
import type { Model } from "./facts.js";

/** Cipher images, and the bytes of the query about them; no message where no server is. */
export interface Query {
  pictures: Uint8Array;
  cipher: Cipher<Uint8Array>;
  message: Message | null;
  milliseconds: number;
}

/** A class, and how certain of it the model is. */
export interface Score {
  name: string;
  share: number;
}

/** The queries of one visitor under one key, which the cloud may count together. */
export class Session {
  readonly id = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  /** How many pictures were asked about, and how many of them only for the attack. */
  sent = 0;
  others = 0;
  /** The picture that was asked about last. */
  last: Uint8Array | null = null;

  constructor(
    readonly client: Client,
    readonly encryptor: Encryptor,
    readonly model: Model,
    readonly key: Key,
  ) {}

  /** Whether the model was trained under this key, or under a key for each image, so that any key will do. */
  async fits(): Promise<boolean> {
    return this.model.scheme!.traits.perImage || this.model.fingerprint === (await this.key.fingerprint());
  }

  /** Pictures, one after the other, encrypted; nothing is sent yet. */
  async query(pictures: Uint8Array): Promise<Query> {
    const began = performance.now();
    const n = pictures.length / this.model.shape.reduce((a, b) => a * b);
    const ids = Array.from({ length: n }, (_, i) => `${this.id}/${this.sent + i}`);
    const batch = images(pictures, [n, ...this.model.shape]);
    const cipher = (await this.encryptor.encrypt(this.model.scheme!, batch, this.key, { ids })) as Cipher<Uint8Array>;
    const milliseconds = performance.now() - began;
    return { pictures, cipher, message: await this.message(cipher), milliseconds };
  }

  /** Send a query: the five likeliest classes of its last picture. */
  async send({ pictures, cipher, message }: Query): Promise<Score[]> {
    if (!message) return [];
    const outputs = await this.client.infer(this.model.name, message);
    this.sent += cipher.images.shape[0];
    this.last = pictures;
    return likeliest(outputs, this.model.classes);
  }

  /** The bytes of the query; null without a server. */
  private async message(cipher: Cipher<Uint8Array>): Promise<Message | null> {
    const { metadata, scheme } = this.model;
    if (!metadata) return null;
    const { name, datatype } = metadata.inputs[0];
    const input = { name, datatype, shape: cipher.images.shape, data: cipher.images.data };
    const about = { scheme: scheme!.id, fields: scheme!.fieldsText() };
    // A server refuses queries that name another key than the model's; under a key for each image any key will do.
    const own = await this.key.fingerprint();
    const key: Record<string, string> = own === this.model.fingerprint ? { key: own } : {};
    return request(input, metadata.outputs.map(({ name }) => name), `${this.id}/${this.sent}`, { ...about, ...key });
  }
}

/** The five likeliest classes of the last picture. */
function likeliest(outputs: ReadonlyMap<string, Tensor>, classes: readonly string[]): Score[] {
  const named = (part: string): Tensor | undefined => [...outputs.values()].find(({ name, datatype }) =>
    name.includes(part) && datatype === "FP32");
  const found = named("prob") ?? named("logit");
  if (!found) return [];
  const width = found.shape.at(-1)!;
  const last = [...(found.data as Float32Array)].slice(-width);
  const shares = named("prob") ? last : softmax(last);
  return shares.map((share, i) => ({ name: classes[i] ?? `class ${i}`, share }))
    .sort((a, b) => b.share - a.share).slice(0, 5);
}

function softmax(logits: number[]): number[] {
  const most = Math.max(...logits);
  const powers = logits.map((x) => Math.exp(x - most));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((x) => x / sum);
}

/** All that was sent with a query, as bytes: its address, headers and body. */
export function sentBytes(model: string, { headers, body }: Message): Uint8Array {
  const head = [`POST /v2/models/${model}/infer`, ...Object.entries(headers).map((pair) => pair.join(": "))].join("\n");
  const first = utf8(`${head}\n\n`);
  const all = new Uint8Array(first.length + body.length);
  all.set(first);
  all.set(body, first.length);
  return all;
}
