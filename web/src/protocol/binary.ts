/**
 * Messages of the Open Inference Protocol v2 with its binary tensor extension: a JSON object, then the tensors' bytes.
 *
 * The header Inference-Header-Content-Length says where the one ends and the other begins.
 */

import { type Bytes, joined, utf8 } from "../bytes.js";
import { ServerProblem } from "../errors.js";

export const HEADER = "Inference-Header-Content-Length";

/** A tensor: little-endian bytes of a datatype ("UINT8", "UINT16", "FP32"), or texts ("BYTES"). */
export interface Tensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data: Uint8Array | Uint16Array | Float32Array | readonly string[];
}

/** What is sent: headers, and all bytes of the body. */
export interface Message {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Bytes;
}

/** A request with one tensor, which asks for these outputs in binary. about: parameters of the request. */
export function request(
  input: Tensor, outputs: readonly string[] = [], id = "", about: Readonly<Record<string, string>> = {},
): Message {
  const raw = new Uint8Array((input.data as Uint8Array).buffer, (input.data as Uint8Array).byteOffset,
    (input.data as Uint8Array).byteLength);
  const head = utf8(JSON.stringify({
    ...(id ? { id } : {}),
    inputs: [{
      name: input.name, shape: input.shape, datatype: input.datatype, parameters: { binary_data_size: raw.length },
    }],
    parameters: { ...about, binary_data_output: true },
    ...(outputs.length ? { outputs: outputs.map((name) => ({ name, parameters: { binary_data: true } })) } : {}),
  }));
  return {
    headers: { "Content-Type": "application/octet-stream", [HEADER]: String(head.length) },
    body: joined(head, raw),
  };
}

/** The outputs of an answer, by name. headerLength: of its JSON; all of it where the header is missing. */
export function answer(body: Uint8Array, headerLength: number = body.length): Map<string, Tensor> {
  let head: any;
  try {
    head = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body.subarray(0, headerLength)));
    if (!Array.isArray(head.outputs)) throw new Error();
  } catch {
    throw new ServerProblem("the server's answer is not of the Open Inference Protocol");
  }
  let at = headerLength;
  const tensors = head.outputs.map((output: any): [string, Tensor] => {
    const { name, datatype, shape } = output;
    const size = output.parameters?.binary_data_size;
    const bytes = size === undefined ? null : body.subarray(at, (at += size));
    if (bytes && bytes.length !== size) throw new ServerProblem("the server's answer is cut off");
    return [name, { name, datatype, shape, data: bytes ? unpacked(bytes, datatype) : listed(output.data, datatype) }];
  });
  if (at !== body.length) throw new ServerProblem("the server's answer has more bytes than its header says");
  return new Map(tensors);
}

function unpacked(bytes: Uint8Array, datatype: string): Tensor["data"] {
  const buffer = bytes.slice().buffer;
  if (datatype === "UINT8") return new Uint8Array(buffer);
  if (datatype === "FP32" && bytes.length % 4 === 0) return new Float32Array(buffer);
  if (datatype === "BYTES") return texts(bytes);
  throw new ServerProblem(`the server answered with ${datatype}, which is not read`);
}

function listed(data: any, datatype: string): Tensor["data"] {
  const flat = Array.isArray(data) ? data.flat(9) : [];
  return datatype === "BYTES" ? flat.map(String) : Float32Array.from(flat, Number);
}

/** Texts, each behind its length in 4 little-endian bytes. */
function texts(bytes: Uint8Array): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const found: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = at + 4 <= bytes.length ? view.getUint32(at, true) : Infinity;
    if (at + 4 + length > bytes.length) throw new ServerProblem("the server's answer is cut off");
    found.push(new TextDecoder().decode(bytes.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return found;
}
