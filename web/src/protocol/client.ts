/** A client of the Open Inference Protocol v2: what a server and its models are, and what a model says of cipher images. */

import { ServerProblem, Unavailable } from "../errors.js";
import { answer, HEADER, type Message, type Tensor } from "./binary.js";

/** What a model says of itself. parameters: scheme, fields, fingerprint, shape, classes, preparation, ... */
export interface ModelMetadata {
  readonly name: string;
  readonly versions?: readonly string[];
  readonly platform?: string;
  readonly inputs: readonly { readonly name: string; readonly datatype: string; readonly shape: readonly number[] }[];
  readonly outputs: readonly { readonly name: string; readonly datatype: string; readonly shape: readonly number[] }[];
  readonly parameters?: Readonly<Record<string, unknown>>;
}

/** A server, by its address. token: sent as a bearer token, where one is wanted. */
export class Client {
  readonly #url: string;
  readonly #token: string | undefined;

  constructor(url: string, { token }: { token?: string } = {}) {
    this.#url = url.replace(/\/+$/, "");
    this.#token = token;
  }

  /** Whether the server lives. */
  live(): Promise<boolean> {
    return this.#is("/v2/health/live");
  }

  /** Whether the server, or one of its models, is ready to answer. */
  ready(model?: string): Promise<boolean> {
    return this.#is(model === undefined ? "/v2/health/ready" : `/v2/models/${encodeURIComponent(model)}/ready`);
  }

  /** Name, version and extensions of the server. */
  metadata(): Promise<Record<string, unknown>> {
    return this.#json("/v2");
  }

  /** What a model is. */
  model(name: string): Promise<ModelMetadata> {
    return this.#json(`/v2/models/${encodeURIComponent(name)}`);
  }

  /** The outputs of a model for a request that `request` made, by name. ServerProblem with the server's own words. */
  async infer(model: string, { headers, body }: Message): Promise<Map<string, Tensor>> {
    const path = `/v2/models/${encodeURIComponent(model)}/infer`;
    const response = await this.#fetch(path, { method: "POST", headers, body });
    const length = response.headers.get(HEADER);
    const bytes = new Uint8Array(await response.arrayBuffer());
    return answer(bytes, length === null ? bytes.length : Number(length));
  }

  /** What the server answers to other questions of its own. ServerProblem with its own words. */
  post(path: string, body: BodyInit, type = "application/octet-stream"): Promise<Response> {
    return this.#fetch(path, { method: "POST", headers: { "Content-Type": type }, body });
  }

  async #is(path: string): Promise<boolean> {
    try {
      return (await this.#fetch(path)).ok;
    } catch (error) {
      if (error instanceof ServerProblem) return false;
      throw error;
    }
  }

  async #json<T>(path: string): Promise<T> {
    return (await this.#fetch(path)).json() as Promise<T>;
  }

  async #fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { ...init.headers, ...(this.#token ? { Authorization: `Bearer ${this.#token}` } : {}) };
    let response: Response;
    try {
      response = await fetch(this.#url + path, { ...init, headers, credentials: "omit", cache: "no-store" });
    } catch {
      throw new Unavailable("the server does not answer", "is it running, and may this page reach it?");
    }
    if (response.ok) return response;
    const words = await response.json().then((found: any) => String(found.error ?? ""), () => "");
    throw new ServerProblem(words || `the server answered with ${response.status}`, response.status);
  }
}
