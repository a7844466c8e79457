/** The private path: a sealed query file goes to a head, its sealed answer comes back as a file. */

import type { Client } from "imveil";
import { save, sentence, the } from "./draw.js";

/** Offers it where a head is served. */
export function privateQueries(heads: readonly string[], client: () => Client): void {
  if (!heads.length) return;
  the("private").hidden = false;
  const input = the<HTMLInputElement>("query-file");
  const says = the("query-says");
  input.addEventListener("change", async () => {
    const file = input.files?.[0];
    input.value = "";
    if (!file) return;
    says.textContent = "The query is being answered ...";
    let bytes: Uint8Array;
    try {
      bytes = await answered(heads, client(), file);
    } catch (error) {
      says.textContent = sentence((error as Error).message);
      return;
    }
    save("answer.imveil", bytes);
    const [went, came] = [file.size, bytes.length].map((count) => count.toLocaleString("en"));
    says.textContent = `${went} bytes went, ${came} came back and were saved. Only the owner's key opens them.`;
  });
}

/** The answer of the head that the query asks; a server may have several. */
async function answered(heads: readonly string[], client: Client, file: File): Promise<Uint8Array> {
  let refused: unknown;
  for (const head of heads) {
    try {
      return new Uint8Array(await (await client.post(`/v2/models/${encodeURIComponent(head)}/query`, file)).arrayBuffer());
    } catch (error) {
      refused = error;
    }
  }
  throw refused;
}
