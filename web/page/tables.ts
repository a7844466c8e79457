/** The tables: what was measured of schemes, and what ways of asking cost and prove. */

import { defaults, type Facts, type Measured, type Model } from "./facts.js";
import { row, rows } from "./draw.js";

const number = (value: number | null | undefined, digits: number): string => (value == null ? "–" : value.toFixed(digits));

/** A scheme's id, and its fields that are not at their default. */
const nameOf = ({ scheme, fields = {} }: Measured): string => {
  const usual = defaults(scheme);
  const other = Object.entries(fields).filter(([name, value]) => usual && JSON.stringify(usual[name]) !== JSON.stringify(value));
  return [scheme, ...other.map(([name, value]) => (name === "per_image" ? "a key for each image" : `${name} ${value}`))].join(", ");
};

const sorted = (fields: Record<string, unknown> = {}): string => JSON.stringify(Object.entries(fields).sort());

/** A row for each scheme, those of the models first, the one in use marked. */
export function schemesTable(facts: Facts, model: Model): void {
  const all = facts.schemes.length ? facts.schemes : [model.measured];
  rows("schemes", all.map((one) => {
    const verdict = [one.status, one.verdict].filter(Boolean).join(": ") || "–";
    const by = one.recovery != null && one.recovery_by ? `${verdict} (most recovered by ${one.recovery_by})` : verdict;
    const made = row(nameOf(one), number(one.recovery, 2), number(one.reidentified, 2), by);
    const here = one.scheme === model.measured.scheme && sorted(one.fields) === sorted(model.measured.fields);
    if (here) made.setAttribute("aria-current", "true");
    return made;
  }));
}

/** The verdict on the scheme in use, in a sentence. */
export function verdict({ measured }: Model): string {
  const { scheme, status, verdict: words, recovery, reidentified } = measured;
  const numbers = [
    recovery == null ? "" : `recovery ${recovery.toFixed(2)}`,
    reidentified == null ? "" : `re-identified ${reidentified.toFixed(2)}`,
  ].filter(Boolean).join(", ");
  const said = [status, words].filter(Boolean).join(": ") || "nothing was measured of it here";
  return `${nameOf(measured) || scheme}: ${said}${numbers ? ` (${numbers})` : ""}.`;
}

/** Ours as it was measured just now, the private path where it is served, and what is published of others. */
export function costsTable(facts: Facts, model: Model, encrypted: number, answered: number | null): void {
  const ours = answered === null ? `${encrypted.toFixed(1)} ms to encrypt` : `${(encrypted + answered).toFixed(0)} ms`;
  const proves = "nothing: it is measured, and the attack above is the measure";
  rows("costs", [
    row(`${model.measured.scheme}, this page`, ours, proves, "measured just now, in this browser"),
    ...facts.private.map((one) => row(one.what, one.cost, one.proves, one.command)),
    ...facts.costs.map((one) => row(one.what, one.time, one.proves, one.source)),
  ]);
}
