/** Bundled pictures: the server's public test pictures where it has some, else scenes that the page draws. */

import { type Raster, readPng } from "imveil";
import { element, show, the } from "./draw.js";
import { fitted } from "./own.js";
import { scene, SCENES } from "./scenes.js";

const SHOWN = 12;

/** Picture i, as it lies there. */
export type Pictures = (i: number) => Raster & { data: Uint8Array };

/** All of them. count: how many the server has. */
export async function loadPictures(count: number): Promise<Pictures> {
  const drawn = new Map<number, Raster & { data: Uint8Array }>();
  const made: Pictures = (i) => {
    const number = i % SCENES;
    if (!drawn.has(number)) drawn.set(number, scene(number, 32));
    return drawn.get(number)!;
  };
  if (!count) return made;
  const file = await fetch("page/pictures.png").then((answer) => answer.arrayBuffer());
  const { shape: [, w, c], data } = await readPng(new Uint8Array(file));
  const length = w * w * c;
  return (i) => ({ shape: [w, w, c], data: (data as Uint8Array).subarray((i % count) * length, ((i % count) + 1) * length) });
}

/** A picture of the model's shape, remembered: the slider asks for the same ones again and again. */
export function sized(pictures: Pictures, shape: readonly number[]): Pictures {
  const known = new Map<number, Raster & { data: Uint8Array }>();
  return (i) => {
    if (!known.has(i)) known.set(i, fitted(pictures(i), shape, null));
    return known.get(i)!;
  };
}

/** The first few as buttons; `took` gets the number of one that is pressed. */
export function gallery(pictures: Pictures, took: (i: number) => void): void {
  the("pictures").replaceChildren(...Array.from({ length: SHOWN }, (_, i) => {
    const canvas = element("canvas", "", { "aria-hidden": "true" });
    show(canvas, pictures(i), "");
    const button = element("button", "", { type: "button", "aria-label": `bundled picture ${i + 1}`, "aria-pressed": "false" });
    canvas.removeAttribute("aria-label");
    button.append(canvas);
    button.addEventListener("click", () => took(i));
    return element("li", "", {}, button);
  }));
}

/** Which of them is the chosen one; none where the picture is the visitor's own. */
export function pressed(i: number | null): void {
  the("pictures").querySelectorAll("button").forEach((button, k) => button.setAttribute("aria-pressed", String(k === i)));
}
