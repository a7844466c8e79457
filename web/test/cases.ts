/** Random cases that Python makes: the same for all test files of one run. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { schemes } from "../src/index.js";
import { schemeVectors, VECTORS } from "./vectors.js";

const ROOT = join(import.meta.dirname, "../..");
const PYTHON = process.env.IMVEIL_PYTHON ?? join(ROOT, ".venv/bin/python");

export const seed = Number(process.env.IMVEIL_SEED ?? Math.floor(Math.random() * 2 ** 31));
export const missing = existsSync(PYTHON) ? "" : `no Python with imveil: ${PYTHON}`;

export const unb64 = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(text, "base64"));

/** What Python gives. */
export function cases(): any {
  const folder = mkdtempSync(join(tmpdir(), "imveil-"));
  try {
    const scenarios = schemeVectors().filter(({ scheme }) => schemes().includes(scheme));
    writeFileSync(join(folder, "scenarios.json"), JSON.stringify(scenarios.map(({ name }) => join(VECTORS, name))));
    const env = { ...process.env, PYTHONPATH: join(ROOT, "src") };
    const script = join(import.meta.dirname, "python.py");
    const made = spawnSync(PYTHON, [script, String(seed), folder, join(folder, "scenarios.json")], { env, encoding: "utf8" });
    if (made.status !== 0) throw new Error(made.stderr);
    return JSON.parse(readFileSync(join(folder, "cases.json"), "utf8"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
