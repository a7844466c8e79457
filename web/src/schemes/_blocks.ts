/**
 * The steps of EtC on the blocks of a picture, which its variants share: turn, invert, reverse, recolour, shuffle.
 *
 * Codes are those of published code: rotate 0, 1, 2, 3 turns by 90, 180, 270, 0 degrees against the clock; negaposi 0
 * inverts, v -> 255 - v; reverse 0 puts the rows upside down, 1 the columns, 2 neither, 3 both; channel 0..5 picks one of
 * six orders of colours.
 */

import type { Key } from "../keys/key.js";
import { bytesOf } from "../plans/arrays.js";
import { fromBlocks, grid, positions, recoloured, rows, type Shape, size, toBlocks } from "../plans/blocks.js";
import { Plan } from "../plans/plan.js";
import { integers, permutation } from "./base.js";

/** out[c] = in[ORDERS[code][c]]: as it is, red and green swapped, red and blue, green and blue, (B, R, G), (G, B, R). */
export const ORDERS = [[0, 1, 2], [1, 0, 2], [2, 1, 0], [0, 2, 1], [2, 0, 1], [1, 2, 0]];

/** A code of each step for each block; shuffle is a permutation, block i of the cipher is block shuffle[i]. */
export interface Codes {
  rotate: ArrayLike<number>;
  negaposi: ArrayLike<number>;
  reverse: ArrayLike<number>;
  channel: ArrayLike<number>;
  shuffle: Int32Array;
}

/** Uniform codes for so many blocks, each step from a key of its own; `channel` is all zeros without colours. */
export async function codes(key: Key, path: readonly string[], blocks: number, colors: boolean): Promise<Codes> {
  const stream = async (step: string) => (await key.derive(...path, step)).stream();
  return {
    rotate: await (await stream("rotate")).small(4, blocks),
    negaposi: await (await stream("negaposi")).small(2, blocks),
    reverse: await (await stream("reverse")).small(4, blocks),
    channel: colors ? await (await stream("channel")).small(6, blocks) : new Uint8Array(blocks),
    shuffle: await (await stream("shuffle")).permutation(blocks),
  };
}

/** The plan of EtC: each block is turned, inverted, reversed and recoloured by its own codes; then they are shuffled. */
export function scramble(shape: Shape, block: number, codes: Codes, orders = ORDERS): Plan {
  const count = size(grid(shape, block));
  const c = shape[2];
  const rotate = integers("rotate", codes.rotate, count, 4);
  const negaposi = integers("negaposi", codes.negaposi, count, 2);
  const reverse = integers("reverse", codes.reverse, count, 4);
  const channel = integers("channel", codes.channel, count, 6);
  const shuffle = permutation("shuffle", codes.shuffle, count);
  const length = block * block * c;
  const moved = turned(toBlocks(positions(shape), shape, block), block, c, rotate, reverse);
  const blocks = rows(recoloured(moved, length, c, channel, orders), length, shuffle);
  const invert = bytesOf(blocks.length, (i) => (negaposi[shuffle[Math.floor(i / length)]] === 0 ? 255 : 0));
  return new Plan({ order: fromBlocks(blocks, shape, block), mask: fromBlocks(invert, shape, block) });
}

/** (n, b, b, c) blocks, each turned and then reversed by its own codes. */
function turned(
  blocks: Int32Array, b: number, c: number, rotate: ArrayLike<number>, reverse: ArrayLike<number>,
): Int32Array {
  const out = new Int32Array(blocks.length);
  const last = b - 1;
  for (let i = 0, at = 0; i < rotate.length; i++) {
    const upsideDown = reverse[i] === 0 || reverse[i] === 3;
    const mirrored = reverse[i] === 1 || reverse[i] === 3;
    for (let y = 0; y < b; y++) {
      for (let x = 0; x < b; x++, at += c) {
        const row = upsideDown ? last - y : y;
        const column = mirrored ? last - x : x;
        const from = (i * b * b + place(rotate[i], row, column, b)) * c;
        for (let k = 0; k < c; k++) out[at + k] = blocks[from + k];
      }
    }
  }
  return out;
}

/** Which pixel of a block stands at (row, column) once it was turned against the clock. */
function place(rotate: number, row: number, column: number, b: number): number {
  const last = b - 1;
  switch (rotate) {
    case 0: return column * b + last - row;
    case 1: return (last - row) * b + last - column;
    case 2: return (last - column) * b + row;
    default: return row * b + column;
  }
}
