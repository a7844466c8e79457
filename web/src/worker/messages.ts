/** What page and worker say to each other. Keys cross as their bytes and stay in the browser. */

import type { Kind } from "../plans/images.js";
import type { FieldValue } from "../schemes/fields.js";

/** Encrypt, or decrypt, one batch. */
export interface Task {
  readonly number: number;
  readonly what: "encrypt" | "decrypt";
  readonly secret: Uint8Array;
  readonly scheme: string;
  readonly fields: Readonly<Record<string, FieldValue>>;
  readonly data: Kind;
  readonly shape: readonly number[];
  readonly ids?: readonly string[];
  readonly pad?: boolean;
  readonly nonces?: readonly Uint8Array[] | null;
  readonly size?: readonly [number, number] | null;
}

/** What came of it. */
export type Outcome =
  | {
      readonly number: number;
      readonly data: Kind;
      readonly shape: readonly number[];
      readonly nonces: readonly Uint8Array[] | null;
      readonly size: readonly [number, number] | null;
    }
  | { readonly number: number; readonly error: { readonly name: string; readonly message: string; readonly hint: string } };
