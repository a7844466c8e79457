/** Interception: other pictures go out as queries under the visitor's key, and the cloud's attack works on what it saw. */

import { type Raster, readPng } from "imveil";
import type { Session } from "./ask.js";

const AT_ONCE = 25; // pictures a query

/** What the attack gave: the guess of the visitor's own picture first. */
export interface Caught {
  attack: string;
  says: string;
  seconds: number;
  guesses: Raster[];
}

/** Send pictures as queries until the cloud has seen `wanted` of this session, the visitor's own last. */
export async function intercepted(
  session: Session, own: Uint8Array, others: (i: number) => Uint8Array, wanted: number,
): Promise<Caught> {
  while (session.others < wanted - 1) {
    const n = Math.min(wanted - 1 - session.others, AT_ONCE);
    const batch = new Uint8Array(n * own.length);
    for (let i = 0; i < n; i++) batch.set(others(session.others + i), i * own.length);
    await session.send(await session.query(batch));
    session.others += n;
  }
  if (session.last !== own) await session.send(await session.query(own));
  const body = JSON.stringify({ model: session.model.name, session: session.id, images: wanted });
  const found = await session.client.post("/page/attack", body, "application/json").then((answer) => answer.json());
  const files: string[] = found.images ?? [];
  const guesses = await Promise.all(files.slice(0, 8).map((file) =>
    readPng(Uint8Array.from(atob(file.replace(/^data:[^,]*,/, "")), (letter) => letter.charCodeAt(0)))));
  return { attack: found.attack ?? "attack", says: found.says ?? "", seconds: Number(found.seconds ?? 0), guesses };
}
