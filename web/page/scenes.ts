/** Scenes: bundled pictures that the page draws itself, 200 of them, each from its number; nothing has to be loaded. */

import type { Raster } from "imveil";

export const SCENES = 200;
const FINE = 3; // each pixel is the mean of so many times so many

type Colour = readonly [number, number, number];
type Paint = (x: number, y: number) => Colour | null;

/** Scene number i, (side, side, 3). */
export function scene(i: number, side: number): Raster & { data: Uint8Array } {
  const random = numbers(i);
  const layers = landscape(random);
  const data = new Uint8Array(side * side * 3);
  const light = 0.25 + 0.9 * random(); // from night to noon
  const cast = [random(), random(), random()].map((value) => 50 * (value - 0.5));
  for (let y = 0, at = 0; y < side; y++) {
    for (let x = 0; x < side; x++, at += 3) {
      const sum = [0, 0, 0];
      for (let k = 0; k < FINE * FINE; k++) {
        const point = [(x + ((k % FINE) + 0.5) / FINE) / side, (y + (Math.floor(k / FINE) + 0.5) / FINE) / side] as const;
        const colour = layers.reduce<Colour>((under, paint) => paint(...point) ?? under, [0, 0, 0]);
        colour.forEach((value, c) => (sum[c] += value / (FINE * FINE)));
      }
      const grain = 9 * (random() - 0.5);
      sum.forEach((value, c) => (data[at + c] = Math.min(255, Math.max(0, value * light + cast[c] + grain))));
    }
  }
  return { shape: [side, side, 3], data };
}

/** Sky, perhaps a sun, hills, ground or water, and one thing in front. */
function landscape(random: () => number): Paint[] {
  const between = (low: number, high: number): number => low + (high - low) * random();
  const shade = (colour: Colour, by = 30): Colour => colour.map((value) => value + between(-by, by)) as unknown as Colour;
  const horizon = between(0.45, 0.75);
  const sky = shade(random() < 0.3 ? [235, 160, 110] : [130, 180, 230], 35);
  const far = shade([90, 110, 120]);
  const water = random() < 0.4;
  const ground = water ? shade([50, 95, 140]) : shade(random() < 0.5 ? [95, 135, 60] : [190, 165, 115]);
  const [a, b, c] = [between(3, 9), between(0, 6), between(0.03, 0.16)];
  const [sunX, sunY, sunR] = [between(0.1, 0.9), between(0.05, 0.35), between(0.04, 0.1)];
  const wave = between(20, 60);
  return [
    (_, y) => sky.map((value) => value + 55 * (y - 0.3)) as unknown as Colour,
    (x, y) => ((x - sunX) ** 2 + (y - sunY) ** 2 < sunR ** 2 ? [255, 244, 205] : null),
    (x, y) => (y > horizon - c * (1 + Math.sin(a * x + b)) ? far : null),
    (x, y) => {
      const ripple = water ? 9 * Math.sin(wave * y + 8 * x) : 5 * Math.sin(40 * x * y);
      return y > horizon ? (ground.map((value) => value - 70 * (y - horizon) + ripple) as unknown as Colour) : null;
    },
    ...[boat, house, tree, ball][Math.floor(4 * random())](between, shade, horizon),
  ];
}

type Draw = (
  between: (low: number, high: number) => number, shade: (colour: Colour, by?: number) => Colour, horizon: number,
) => Paint[];

const boat: Draw = (between, shade, horizon) => {
  const [x0, y0, s] = [between(0.3, 0.7), horizon + between(0.02, 0.15), between(0.16, 0.3)];
  const [hull, sail] = [shade([150, 50, 40], 60), shade([240, 235, 220], 15)];
  return [
    (x, y) => (y > y0 && y < y0 + s * 0.4 && Math.abs(x - x0) < s - (y - y0) ? hull : null),
    (x, y) => (y < y0 && y > y0 - 1.6 * s && x > x0 && x - x0 < (y - y0 + 1.6 * s) * 0.5 ? sail : null),
  ];
};

const house: Draw = (between, shade, horizon) => {
  const [x0, w, h] = [between(0.25, 0.75), between(0.13, 0.25), between(0.15, 0.3)];
  const base = horizon + between(0.05, 0.18);
  const [wall, roof] = [shade([210, 190, 165], 40), shade([140, 60, 45], 50)];
  return [
    (x, y) => (Math.abs(x - x0) < w && y < base && y > base - h ? wall : null),
    (x, y) => (y <= base - h && y > base - h - w && Math.abs(x - x0) < y - (base - h - w) + 0.03 ? roof : null),
    (x, y) => (Math.abs(x - x0) < w * 0.25 && y < base && y > base - h * 0.6 ? [70, 50, 40] : null),
  ];
};

const tree: Draw = (between, shade, horizon) => {
  const [x0, r] = [between(0.25, 0.75), between(0.13, 0.26)];
  const base = horizon + between(0.08, 0.2);
  const leaves = shade([55, 110, 45], 40);
  return [
    (x, y) => (Math.abs(x - x0) < r * 0.18 && y < base && y > base - 1.6 * r ? [95, 65, 45] : null),
    (x, y) => ((x - x0) ** 2 + (y - base + 2 * r) ** 2 < r ** 2
      ? (leaves.map((value) => value + 40 * (x0 - x) / r) as unknown as Colour) : null),
  ];
};

const ball: Draw = (between, shade, horizon) => {
  const [x0, r] = [between(0.25, 0.75), between(0.12, 0.25)];
  const y0 = horizon + between(0, 0.1);
  const paint = shade([200, 90, 60], 90);
  return [
    (x, y) => ((x - x0) ** 2 + ((y - y0 - r) * 3) ** 2 < r ** 2 ? [45, 50, 45] : null),
    (x, y) => ((x - x0) ** 2 + (y - y0) ** 2 < r ** 2
      ? (paint.map((value) => value + 60 * ((x0 - x + y0 - y) / r)) as unknown as Colour) : null),
  ];
};

/** Numbers in [0, 1), the same for the same seed. Pictures only: nothing secret is drawn from them. */
function numbers(seed: number): () => number {
  let state = (seed + 1) * 0x9e3779b9;
  return () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
  };
}
