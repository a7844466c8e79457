/** The private path: a sealed query file goes to a head, its sealed answer comes back as a file. */

import { save, the } from "./draw.js";

/** Offers it where a head is served. */
export function privateQueries(heads: readonly string[]): void {
  if (!heads.length) return;
  the("private").hidden = false;
  const input = the<HTMLInputElement>("query-file");
  const says = the("query-says");
  input.addEventListener("change", async () => {
    const file = input.files?.[0];
    input.value = "";
    if (!file) return;
    says.textContent = "The query is being answered ...";
    const path = `v2/models/${encodeURIComponent(heads[0])}/query`;
    const headers = { "Content-Type": "application/octet-stream" };
    const answer = await fetch(path, { method: "POST", headers, body: file }).catch(() => null);
    if (!answer?.ok) {
      const words = await answer?.json().catch(() => null);
      says.textContent = words?.error ?? "The server did not answer.";
      return;
    }
    const bytes = new Uint8Array(await answer.arrayBuffer());
    save("answer.imveil", bytes);
    const [went, came] = [file.size, bytes.length].map((count) => count.toLocaleString("en"));
    says.textContent = `${went} bytes went, ${came} came back and were saved. Only the owner's key opens them.`;
  });
}
