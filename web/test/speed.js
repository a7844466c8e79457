// Milliseconds of a scheme on one picture: with its plan cached, and under a fresh key each time; sorted.

// The processor's where it can be read (Node), else those of the clock.
export const milliseconds = () => {
  if (!globalThis.process?.cpuUsage) return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

export async function speed(imveil, id, side, rounds) {
  const scheme = imveil.find(id);
  const plain = imveil.images(new Uint8Array(side * side * 3).map((_, i) => i * 31), [1, side, side, 3]);
  const key = imveil.Key.generate();
  const timed = async (one) => {
    const began = milliseconds();
    await scheme.encrypt(plain, one, { ids: ["a"] });
    return milliseconds() - began;
  };
  const cached = [];
  const fresh = [];
  for (let i = 0; i <= rounds; i++) {
    const [a, b] = [await timed(key), await timed(imveil.Key.generate())];
    if (i) { // the first round makes the plan
      cached.push(a);
      fresh.push(b);
    }
  }
  const up = (a, b) => a - b;
  return { cached: cached.sort(up), fresh: fresh.sort(up) };
}

/** Milliseconds to open a wrapped key file. */
export async function opening(imveil, { file, passphrase }, rounds) {
  const times = [];
  for (let i = 0; i < rounds; i++) {
    const began = milliseconds();
    await imveil.readKey(file, () => passphrase);
    times.push(milliseconds() - began);
  }
  return times.sort((a, b) => a - b);
}
