/**
 * patch/1: pixels shuffled inside patches, and patches shuffled, as a vision transformer cuts them (Kiya's group).
 *
 * Every patch of block x block pixels is flattened channel, row, column and reordered by one permutation that all patches
 * share; then the patches change places. Hides: shapes from a casual viewer. Leaks: the exact histogram, colour and
 * texture of patches, equality, sizes. Break: two chosen pictures; a jigsaw puzzle from cipher images alone.
 */

import type { Key } from "../keys/key.js";
import type { Keystream } from "../keys/stream.js";
import { placesOf } from "../plans/arrays.js";
import { fromBlocks, grid, positions, range, rows, type Shape, size, toBlocks } from "../plans/blocks.js";
import { Plan } from "../plans/plan.js";
import { permutation, Scheme, type Traits } from "./base.js";
import { flag, real, within } from "./fields.js";

type Material = { pixel: Int32Array; block: Int32Array };

/** Patch-wise pixel shuffling and patch shuffling. share: of the positions that either step moves at all, 0 to 1. */
export class Patch extends Scheme<Material, Uint8Array> {
  static readonly id = "patch/1";
  static readonly paper = "Kiya et al., arXiv 2207.05366 (2022), arXiv 2308.07612 (2023), arXiv 2408.08529 (2024)";
  static override readonly fields = {
    block: within(1, 256, 4), pixels: flag(true), blocks: flag(true), share: real(0, 1, 1),
  };
  declare readonly block: number;
  declare readonly pixels: boolean;
  declare readonly blocks: boolean;
  declare readonly share: number;

  override get traits(): Traits {
    return this.with({ tile: this.block });
  }

  async material(key: Key, shape: Shape): Promise<Material> {
    const [patch, patches] = this.#sizes(shape);
    return {
      pixel: await this.#drawn((await key.derive(this.id, "pixel")).stream(), patch, this.pixels),
      block: await this.#drawn((await key.derive(this.id, "block")).stream(), patches, this.blocks),
    };
  }

  planFromMaterial(shape: Shape, { pixel, block }: Material): Plan {
    const [patch, patches] = this.#sizes(shape);
    permutation("pixel", pixel, patch);
    const moved = rows(toBlocks(positions(shape), shape, this.block), patch, permutation("block", block, patches));
    // Place k of a patch as it lies in memory (row, column, channel) when it is flattened channel, row, column.
    const c = shape[2];
    const area = this.block ** 2;
    const inMemory = (k: number): number => (k % area) * c + Math.floor(k / area);
    const inner = new Int32Array(patch);
    pixel.forEach((from, to) => (inner[inMemory(to)] = inMemory(from)));
    const order = placesOf(moved.length, (i) => moved[i - (i % patch) + inner[i % patch]]);
    return new Plan({ order: fromBlocks(order, shape, this.block) });
  }

  /** Samples of a patch, and patches of an image. */
  #sizes(shape: Shape): [number, number] {
    return [shape[2] * this.block ** 2, size(grid(shape, this.block))];
  }

  /** A permutation of n positions that moves floor(share n + 1/2) of them and leaves the others where they are. */
  async #drawn(stream: Keystream, n: number, on: boolean): Promise<Int32Array> {
    const moving = on ? Math.floor(this.share * n + 0.5) : 0;
    const inner = await stream.permutation(moving);
    if (moving === n) return inner;
    const chosen = (await stream.permutation(n)).subarray(0, moving).sort();
    const perm = range(n);
    chosen.forEach((place, i) => (perm[place] = chosen[inner[i]]));
    return perm;
  }
}
