/**
 * Sorting: the order of many numbers by value, equal ones in order of position, fast where they are evenly spread.
 *
 * Into about as many buckets as there are numbers, then the few that share one by insertion.
 */

/** The positions of n 64-bit words by value, into `found`. words: (2 n), the low half of each before the high one. */
export function order(words: Uint32Array, found: Int32Array): void {
  const n = found.length;
  const shift = 32 - bits(n);
  const buckets = new Uint32Array(n);
  for (let i = 0; i < n; i++) buckets[i] = words[2 * i + 1] >>> shift;
  bucketed(buckets, 2 ** (32 - shift), found);
  for (let i = 1; i < n; i++) {
    const place = found[i];
    const high = words[2 * place + 1];
    const low = words[2 * place];
    let j = i;
    for (; j > 0; j--) {
      const other = found[j - 1];
      const above = words[2 * other + 1];
      if (above < high || (above === high && words[2 * other] <= low)) break;
      found[j] = other;
    }
    found[j] = place;
  }
}

/** The positions of numbers in [0, 1] by value, equal ones in order of position. */
export function orderOf(numbers: Float64Array): Int32Array {
  const n = numbers.length;
  const count = 2 ** bits(n);
  const found = new Int32Array(n);
  const buckets = new Uint32Array(n);
  for (let i = 0; i < n; i++) buckets[i] = Math.min(Math.floor(numbers[i] * count), count - 1);
  bucketed(buckets, count, found);
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

/** Positions by bucket, in order of position within each. */
function bucketed(buckets: Uint32Array, count: number, found: Int32Array): void {
  const begin = new Uint32Array(count + 1);
  for (const bucket of buckets) begin[bucket + 1]++;
  for (let i = 0; i < count; i++) begin[i + 1] += begin[i];
  for (let i = 0; i < buckets.length; i++) found[begin[buckets[i]]++] = i;
}
