/** A dialog with one secret word: asked for, used, and forgotten. */

import { the } from "./draw.js";

/** What the visitor typed, or null. */
export function asked(dialogId: string, inputId: string): Promise<string | null> {
  const dialog = the<HTMLDialogElement>(dialogId);
  const input = the<HTMLInputElement>(inputId);
  input.value = "";
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => {
    const words = input.value;
    input.value = "";
    resolve(dialog.returnValue === "open" ? words : null);
  }, { once: true }));
}
