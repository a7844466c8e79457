/** Own pictures: from a file, dropped, pasted, or from the camera; made to fit what the model wants. */

import { BadImage, BadShape, prepare, type Preparation, type Raster, readPicture } from "imveil";
import { the } from "./draw.js";

/** Calls `took` with every picture that the visitor gives, `failed` with what went wrong. */
export function ownPictures(took: (picture: Raster) => void, failed: (error: unknown) => void): void {
  const read = (file: Blob | null | undefined): void => {
    if (!file) return;
    file.arrayBuffer().then((bytes) => readPicture(new Uint8Array(bytes))).then(took, failed);
  };
  const input = the<HTMLInputElement>("file");
  input.addEventListener("change", () => {
    read(input.files?.[0]);
    input.value = "";
  });
  document.addEventListener("paste", (event) =>
    read([...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith("image/"))));
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("over");
  });
  document.addEventListener("dragleave", () => document.body.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("over");
    read(event.dataTransfer?.files[0]);
  });
  the("camera").addEventListener("click", () => camera().then((picture) => picture && took(picture), failed));
}

/** One picture of the camera, or nothing. */
async function camera(): Promise<Raster | null> {
  if (!navigator.mediaDevices?.getUserMedia) throw new BadImage("this browser gives pages no camera");
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } }).catch(() => {
    throw new BadImage("the camera is not there, or was not allowed");
  });
  const dialog = the<HTMLDialogElement>("lens");
  const video = the<HTMLVideoElement>("video");
  try {
    video.srcObject = stream;
    await video.play();
    dialog.showModal();
    await new Promise((done) => dialog.addEventListener("close", done, { once: true }));
    if (dialog.returnValue !== "take") return null;
    const [w, h] = [video.videoWidth, video.videoHeight];
    const context = new OffscreenCanvas(w, h).getContext("2d", { willReadFrequently: true })!;
    context.drawImage(video, 0, 0);
    const { data } = context.getImageData(0, 0, w, h);
    return { shape: [h, w, 4], data: new Uint8Array(data.buffer) };
  } finally {
    stream.getTracks().forEach((track) => track.stop());
    video.srcObject = null;
  }
}

/** A picture of the model's shape: prepared as its metadata says, or its middle, made as small. */
export function fitted(
  picture: Raster, [h, w, c]: readonly number[], preparation: Preparation | null,
): Raster & { data: Uint8Array } {
  const made = prepare(opaque(picture), preparation ?? { resize: String(Math.max(h, w)), crop: `${h}x${w}` });
  const found = channels(made, c);
  if (found.shape[0] !== h || found.shape[1] !== w) {
    throw new BadShape(`the model takes pictures of ${h}x${w}, this one is ${found.shape[0]}x${found.shape[1]}`);
  }
  return found;
}

/** Without an alpha channel that hides nothing, and with 8 bits. */
function opaque({ shape: [h, w, c], data }: Raster): Raster {
  if (data instanceof Uint16Array) throw new BadImage("a picture of 16 bits is not asked about here", "save it with 8 bits");
  if (c === 1 || c === 3) return { shape: [h, w, c], data };
  for (let at = c - 1; at < data.length; at += c) {
    if (data[at] !== 255) throw new BadImage("this picture has transparent parts", "save it without transparency");
  }
  return { shape: [h, w, c - 1], data: data.filter((_, i) => i % c !== c - 1) };
}

/** Grey as three equal colours where colours are wanted, colours as their mean where grey is. */
function channels({ shape: [h, w, c], data }: Raster, wanted: number): Raster & { data: Uint8Array } {
  const bytes = data as Uint8Array;
  if (c === wanted) return { shape: [h, w, c], data: bytes };
  const out = new Uint8Array(h * w * wanted);
  for (let i = 0; i < h * w; i++) {
    const [r, g, b] = bytes.subarray(c * i, c * i + 3);
    const grey = c === 1 ? r : (19595 * r + 38470 * g + 7471 * b + 32768) >> 16; // as Pillow weighs them
    out.fill(grey, i * wanted, (i + 1) * wanted);
  }
  return { shape: [h, w, wanted], data: out };
}
