/** Facts: what the server says of its models, and what was measured of schemes; the page copes where it says nothing. */

import { type Client, type ModelMetadata, Scheme, find, ImveilError, type Preparation } from "imveil";

/** What was measured of a scheme. */
export interface Measured {
  scheme: string;
  fields?: Record<string, unknown>;
  status?: string;
  verdict?: string;
  recovery?: number | null;
  recovery_by?: string;
  reidentified?: number | null;
}

/** A way to get an answer, what it costs and what it proves. */
export interface Cost {
  what: string;
  time: string;
  proves: string;
  source: string;
}

/** What the server says beside its models. */
export interface Facts {
  models: string[];
  schemes: Measured[];
  costs: Cost[];
  private: { what: string; cost: string; proves: string; command: string }[];
  /** Heads of the private path, by the names under which they are served. */
  heads: string[];
  /** How many public test pictures the server has. */
  pictures: number;
}

/** A model, and how a picture is to be encrypted for it. scheme: null where this browser does not have it. */
export interface Model {
  name: string;
  metadata: ModelMetadata | null;
  scheme: Scheme | null;
  shape: readonly [number, number, number];
  classes: readonly string[];
  fingerprint: string;
  preparation: Preparation | null;
  measured: Measured;
}

/** Answers under homomorphic encryption, as published, each with its source. */
const PUBLISHED: Cost[] = [
  { what: "homomorphic encryption, one RTX 5090", time: "0.72 s", proves: "the cloud learns nothing of the picture",
    source: "Cheddar, ASPLOS 2026" },
  { what: "homomorphic encryption, 128 cores", time: "40 s", proves: "the cloud learns nothing of the picture",
    source: "Concrete ML, issue 658" },
  { what: "homomorphic encryption, 24 cores", time: "28 min", proves: "the cloud learns nothing of the picture",
    source: "Concrete ML, issue 658" },
];

/** The facts; with published costs alone where there is no server. */
export async function loadFacts(): Promise<Facts> {
  const found: Partial<Facts> = await fetch("page/facts").then((answer) => (answer.ok ? answer.json() : {}), () => ({}));
  return {
    models: found.models ?? [], schemes: found.schemes ?? [], costs: [...(found.costs ?? []), ...PUBLISHED],
    private: found.private ?? [], heads: found.heads ?? [], pictures: found.pictures ?? 0,
  };
}

/** A model of the server. */
export async function loadModel(client: Client, name: string): Promise<Model> {
  const metadata = await client.model(name);
  const says = (metadata.parameters ?? {}) as Record<string, any>;
  const fields = typeof says.fields === "string" ? JSON.parse(says.fields) : says.fields ?? {};
  const [h, w, c] = says.shape ?? metadata.inputs[0].shape.slice(-3);
  return {
    name, metadata, scheme: schemeOf(says.scheme, fields), shape: [h, w, c],
    classes: says.classes ?? [], fingerprint: says.fingerprint ?? "", preparation: says.preparation ?? null,
    measured: { ...says, scheme: says.scheme, fields } as Measured,
  };
}

/** Where no server answers: a scheme to look at, without an answer. */
export function withoutServer(id: string): Model {
  return {
    name: id, metadata: null, scheme: find(id, id === "negpos/1" ? { per_image: true } : {}), shape: [32, 32, 3], classes: [],
    fingerprint: "", preparation: null, measured: { scheme: id },
  };
}

/** The fields of a scheme where nobody says otherwise; null where this browser does not have it. */
export function defaults(id: string): Record<string, unknown> | null {
  return schemeOf(id, {})?.config() ?? null;
}

function schemeOf(id: string, fields: Record<string, unknown>): Scheme | null {
  try {
    return find(id, fields);
  } catch (error) {
    if (error instanceof ImveilError) return null;
    throw error;
  }
}
