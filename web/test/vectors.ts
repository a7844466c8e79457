/** The project's golden vectors, as vectors/SOURCES.md describes them: key, pictures that anyone can make again, cipher. */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const VECTORS = join(import.meta.dirname, "../../vectors");

export interface Vector {
  name: string;
  scheme: string;
  fields: Record<string, boolean | number | string>;
  key: string;
  pictures: string;
  shape: [number, number, number, number];
  ids: string[];
  nonces: string[];
  dtype: string;
  first: string;
  sha256: string;
}

/** The vectors of all schemes whose cipher images are whole numbers. */
export function schemeVectors(): Vector[] {
  const folders = readdirSync(VECTORS).filter((name) => /-\d+$/.test(name));
  return folders.sort().flatMap((folder) => readdirSync(join(VECTORS, folder)).sort().map((file) => ({
    name: `${folder}/${file}`, ...json<Omit<Vector, "name">>(`${folder}/${file}`),
  })));
}

/** A file of vectors. */
export function json<T>(file: string): T {
  return JSON.parse(readFileSync(join(VECTORS, file), "utf8")) as T;
}

/** The pictures of a vector: SHAKE-256 of a text, in memory order. */
export function pictures(text: string, length: number): Uint8Array {
  return new Uint8Array(createHash("shake256", { outputLength: length }).update(text).digest());
}
