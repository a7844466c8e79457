/** Fields: the public parameters of a scheme, what each may be, and how each is written. */

import { BadField } from "../errors.js";

export type FieldValue = boolean | number | string;

/** What a field may be. text: as Python writes it in JSON, where 1.0 is not 1. */
export interface Field {
  readonly initial: FieldValue;
  readonly says: string;
  accepts(value: unknown): boolean;
  text(value: FieldValue): string;
}

const asJson = (value: FieldValue): string => JSON.stringify(value);

/** true or false. */
export function flag(initial: boolean): Field {
  return { initial, says: "is bool", accepts: (value) => typeof value === "boolean", text: asJson };
}

/** A whole number of low..high. */
export function within(low: number, high: number, initial: number): Field {
  const accepts = (value: unknown): boolean => Number.isInteger(value) && low <= Number(value) && Number(value) <= high;
  return { initial, says: `is ${low} to ${high}`, accepts, text: asJson };
}

/** A real number of low..high. */
export function real(low: number, high: number, initial: number): Field {
  const accepts = (value: unknown): boolean => typeof value === "number" && low <= value && value <= high;
  return { initial, says: `lies in ${low}..${high}`, accepts, text: (value) => realText(Number(value)) };
}

/** One of these texts; the first unless given. */
export function oneOf(...options: [string, ...string[]]): Field {
  const accepts = (value: unknown): boolean => options.includes(value as string);
  return { initial: options[0], says: `is one of ${options.join(", ")}`, accepts, text: asJson };
}

/** All fields of a scheme with the given values. BadField for one that it does not have, or that cannot be so. */
export function filled(
  id: string, fields: Readonly<Record<string, Field>>, given: Readonly<Record<string, unknown>>,
): Record<string, FieldValue> {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(fields, name)) {
      const known = Object.keys(fields).join(", ") || "none";
      throw new BadField(`${id} has no field '${name}'`, `its fields are: ${known}`);
    }
    if (!fields[name].accepts(given[name])) {
      throw new BadField(`${name} of ${id} ${fields[name].says}, not ${JSON.stringify(given[name])}`);
    }
  }
  const names = Object.entries(fields);
  return Object.fromEntries(names.map(([name, field]) => [name, (given[name] as FieldValue) ?? field.initial]));
}

/** A real number as Python writes it: 1.0, 0.25, 1e-05. */
function realText(x: number): string {
  const small = x !== 0 && (Math.abs(x) < 1e-4 || Math.abs(x) >= 1e16);
  if (small) return x.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
  return Number.isInteger(x) ? `${x}.0` : String(x);
}
