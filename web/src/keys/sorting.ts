/**
 * Sorting: the order of many numbers by value, equal ones in order of position, fast where they are evenly spread.
 *
 * Into about as many buckets as there are numbers, then the few that share one by insertion.
 */

/** The positions of each n of `count` times n words of 64 bits by value. words: the low half of each before the high one. */
export function orders(words: Uint32Array, count: number, n: number): Int32Array {
  const found = new Int32Array(count * n);
  const shift = 32 - bits(n);
  const buckets = new Uint32Array(n);
  const begin = new Uint32Array(2 ** bits(n) + 1);
  for (let at = 0; at < found.length; at += n) {
    for (let i = 0; i < n; i++) buckets[i] = words[2 * (at + i) + 1] >>> shift;
    bucketed(buckets, begin, found, at);
    for (let i = at + 1; i < at + n; i++) {
      const place = found[i];
      const high = words[2 * (at + place) + 1];
      const low = words[2 * (at + place)];
      let j = i;
      for (; j > at; j--) {
        const other = 2 * (at + found[j - 1]);
        if (words[other + 1] < high || (words[other + 1] === high && words[other] <= low)) break;
        found[j] = found[j - 1];
      }
      found[j] = place;
    }
  }
  return found;
}

/** The positions of numbers in [0, 1] by value, equal ones in order of position. */
export function orderOf(numbers: Float64Array): Int32Array {
  const n = numbers.length;
  const count = 2 ** bits(n);
  const found = new Int32Array(n);
  const buckets = new Uint32Array(n);
  for (let i = 0; i < n; i++) buckets[i] = Math.min(Math.floor(numbers[i] * count), count - 1);
  bucketed(buckets, new Uint32Array(count + 1), found, 0);
  for (let i = 1; i < n; i++) {
    const place = found[i];
    const x = numbers[place];
    let j = i;
    for (; j > 0 && numbers[found[j - 1]] > x; j--) found[j] = found[j - 1];
    found[j] = place;
  }
  return found;
}

/** About log2 n, between 1 and 20. */
function bits(n: number): number {
  return Math.min(20, Math.max(1, 32 - Math.clz32(n)));
}

/** Positions by bucket, in order of position within each, into `found` from `at` on. begin: room for one more than buckets. */
function bucketed(buckets: Uint32Array, begin: Uint32Array, found: Int32Array, at: number): void {
  begin.fill(0);
  for (let i = 0; i < buckets.length; i++) begin[buckets[i] + 1]++;
  for (let i = 1; i < begin.length; i++) begin[i] += begin[i - 1];
  for (let i = 0; i < buckets.length; i++) found[at + begin[buckets[i]]++] = i;
}
