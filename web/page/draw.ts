/** Drawing: pictures on canvases, bars, bytes as a dump, rows of tables. */

import type { Raster } from "imveil";

/** The element with this id. */
export function the<T extends HTMLElement = HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

/** A picture of 1 to 4 channels on a canvas, and what it is for those who do not see it. */
export function show(canvas: HTMLCanvasElement, picture: Raster, words: string): void {
  const [h, w, c] = picture.shape;
  const pixels = new ImageData(w, h);
  for (let i = 0; i < h * w; i++) {
    for (let k = 0; k < 3; k++) pixels.data[4 * i + k] = picture.data[i * c + (c >= 3 ? k : 0)];
    pixels.data[4 * i + 3] = c === 2 || c === 4 ? picture.data[i * c + c - 1] : 255;
  }
  canvas.width = w;
  canvas.height = h;
  canvas.getContext("2d")!.putImageData(pixels, 0, 0);
  canvas.setAttribute("aria-label", words);
}

/** Nothing to be seen. */
export function clear(canvas: HTMLCanvasElement, words: string): void {
  canvas.getContext("2d")!.clearRect(0, 0, canvas.width, canvas.height);
  canvas.setAttribute("aria-label", words);
}

/** An element with a text and children. */
export function element<K extends keyof HTMLElementTagNameMap>(
  kind: K, text = "", attributes: Record<string, string> = {}, ...children: Node[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(kind);
  if (text) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** A bar for each of the likeliest classes. */
export function bars(scores: readonly { name: string; share: number }[]): HTMLElement[] {
  return scores.map(({ name, share }) => element("div", "", { class: "bar" },
    element("span", name),
    element("meter", "", { min: "0", max: "1", value: share.toFixed(4), "aria-label": `certainty for ${name}` }),
    element("span", `${(100 * share).toFixed(1)} %`)));
}

/** Bytes as people read them: where, hex, letters. */
export function dump(bytes: Uint8Array, most: number): string {
  const lines: string[] = [];
  for (let at = 0; at < Math.min(bytes.length, most); at += 16) {
    const row = bytes.subarray(at, Math.min(at + 16, most));
    const digits = Array.from(row, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const letters = Array.from(row, (byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".")).join("");
    lines.push(`${at.toString(16).padStart(6, "0")}  ${digits.padEnd(47)}  ${letters}`);
  }
  return lines.join("\n");
}

/** Bytes as a file of the visitor's. */
export function save(name: string, bytes: Uint8Array | string): void {
  const url = URL.createObjectURL(new Blob([bytes as BlobPart]));
  element("a", "", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Words of an error as a sentence. */
export function sentence(words: string): string {
  return words && words[0].toUpperCase() + words.slice(1);
}

/** Rows of a table in place of those that are there. On a phone they are cards, with the columns' names before the cells. */
export function rows(table: string, made: HTMLTableRowElement[]): void {
  const place = the(table);
  const names = Array.from(place.querySelectorAll("thead th"), (head) => head.textContent!);
  for (const one of made) {
    one.setAttribute("role", "row"); // a table whose rows are blocks is one to a screen reader by its roles alone
    Array.from(one.cells).forEach((cell, i) => {
      cell.setAttribute("role", i ? "cell" : "rowheader");
      cell.dataset.name = names[i];
    });
  }
  place.querySelector("tbody")!.replaceChildren(...made);
}

/** A row of texts; numbers are marked so. */
export function row(...cells: string[]): HTMLTableRowElement {
  return element("tr", "", {}, ...cells.map((text, i) =>
    i ? element("td", text, /^[\d.–]+$/.test(text) ? { class: "number" } : {}) : element("th", text, { scope: "row" })));
}
