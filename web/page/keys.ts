/** Keys of the visitor: made here or opened from a file, shown by their fingerprint, saved only when asked for. */

import { Key, keyText, readKey } from "imveil";
import { asked } from "./dialog.js";
import { save, the } from "./draw.js";

/** Calls `took` with every key that the visitor makes or opens, `failed` with what went wrong. */
export function ownKeys(took: (key: Key) => void, failed: (error: unknown) => void, current: () => Key): void {
  the("new-key").addEventListener("click", () => took(Key.generate()));
  the("save-key").addEventListener("click", () => {
    keyText(current()).then((text) => save("owner.key", text), failed);
  });
  const input = the<HTMLInputElement>("key-file");
  input.addEventListener("change", () => {
    const file = input.files?.[0];
    input.value = "";
    if (!file) return;
    file.text().then((text) => readKey(text, passphrase))
      .then(took, (error) => failed(error instanceof Cancelled ? null : new Error(`${file.name} ${error.message}`)));
  });
}

class Cancelled extends Error {}

async function passphrase(): Promise<string> {
  const words = await asked("passphrase", "words");
  if (words === null) throw new Cancelled();
  return words;
}
