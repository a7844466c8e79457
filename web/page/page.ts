/** The page: one picture, one key, one model; three views of it, the answer, and all that was sent. */

import { Client, Encryptor, Key, keyBytes, type Raster, ServerProblem } from "imveil";
import { type Query, type Score, sentBytes, Session } from "./ask.js";
import { gallery, loadPictures, type Pictures, pressed, sized } from "./bundled.js";
import { asked } from "./dialog.js";
import { bars, clear, dump, element, save, sentence, show, the } from "./draw.js";
import { type Facts, loadFacts, loadModel, type Model, withoutServer } from "./facts.js";
import { intercepted } from "./intercept.js";
import { ownKeys } from "./keys.js";
import { fitted, ownPictures } from "./own.js";
import { privateQueries } from "./private.js";
import { costsTable, schemesTable, verdict } from "./tables.js";

const OFFERED = ["negpos/1", "logistic-xor/1", "etc/1", "le/1", "shf/1", "aes-ctr-control/1"];
const FIRST_BYTES = 1024;
const FIRST = 5; // of the bundled pictures, counted as people do

const server = new URL(".", location.href).href;
const encryptor = new Encryptor(new URL("worker.js", location.href));
const models = new Map<string, Model>();

let client = new Client(server);
let facts: Facts;
let pictures: Pictures;
let model: Model;
let session: Session;
let key: Key;
let picture: Raster & { data: Uint8Array };
let chosen: number | null = 0; // of the bundled pictures
let source: Raster | null = null; // the visitor's own
let sent = new Uint8Array(0);
let bytesShown = FIRST_BYTES;
let turn = 0; // what is older than this is not shown any more

const range = the<HTMLInputElement>("intercepted");

start().catch(failed);

async function start(): Promise<void> {
  const address = new URLSearchParams(location.hash.slice(1));
  key = Key.generate();
  await key.fingerprint(); // without cryptography everything else is in vain
  facts = await loadFacts();
  pictures = await loadPictures(facts.pictures);
  const names = facts.models.length ? facts.models : OFFERED;
  the("model").replaceChildren(...names.map((name) => element("option", name, { value: name })));
  gallery(pictures, (i) => use(i));
  chosen = Math.min(Math.max(Math.floor(Number(address.get("picture") ?? FIRST)) || FIRST, 1), 200) - 1;
  range.value = address.get("intercepted") ?? "1";
  listen();
  await useModel(names.includes(address.get("model") ?? "") ? address.get("model")! : names[0]);
}

function listen(): void {
  const select = the<HTMLSelectElement>("model");
  select.addEventListener("change", () => useModel(select.value).catch(failed));
  the("another").addEventListener("click", () => use(((chosen ?? -1) + 1) % 200));
  ownPictures((own) => {
    chosen = null;
    source = own;
    refit().catch(failed);
  }, failed);
  ownKeys((made) => {
    key = made;
    renew().catch(failed);
  }, failed, () => key);
  privateQueries(facts.heads, () => client);
  range.addEventListener("input", () => (the("count").textContent = range.value));
  range.addEventListener("change", () => attack(++turn).catch(failed));
  the("more-bytes").addEventListener("click", () => {
    bytesShown *= 8;
    showBytes();
  });
  the("save-bytes").addEventListener("click", () => save("request.bin", sent));
}

/** A bundled picture. */
function use(i: number): void {
  chosen = i;
  source = null;
  refit().catch(failed);
}

async function useModel(name: string): Promise<void> {
  the<HTMLSelectElement>("model").value = name;
  model = models.get(name) ?? (facts.models.length ? await served(name) : withoutServer(name));
  models.set(name, model);
  if (!model.scheme) throw new Error(`this page does not have the scheme ${model.measured.scheme}; choose another model`);
  await renew();
}

/** A model of the server; a token is asked for where it wants one. */
async function served(name: string): Promise<Model> {
  for (;;) {
    try {
      return await loadModel(client, name);
    } catch (error) {
      if (!(error instanceof ServerProblem && error.status === 401)) throw error;
      const token = await asked("door", "token");
      if (token === null) throw error;
      client = new Client(server, { token });
    }
  }
}

/** Another key or model: what the cloud has seen so far does not count any more. */
async function renew(): Promise<void> {
  session = new Session(client, encryptor, model, key);
  the("fingerprint").textContent = await key.fingerprint();
  the("verdict").textContent = verdict(model);
  await refit();
}

/** The picture, made to fit; then everything that hangs on it. */
async function refit(): Promise<void> {
  const mine = ++turn;
  problem("");
  const now = chosen === null ? fitted(source!, model.shape, model.preparation) : sized(pictures, model.shape)(chosen);
  picture = now;
  pressed(chosen);
  remember();
  show(the<HTMLCanvasElement>("you"), now, "your picture");
  the("you-says").textContent = `${now.shape[1]} x ${now.shape[0]} pixels, ${chosen === null ? "your own" : "bundled"}`;
  const query = await session.query(now.data);
  if (mine !== turn) return;
  showQuery(query);
  const began = performance.now();
  const scores = await session.send(query).catch((error: Error) => error);
  if (mine !== turn) return;
  await showAnswer(query, scores, performance.now() - began);
  await attack(mine);
}

/** The cipher image, and every byte that goes out. */
function showQuery({ cipher, message, milliseconds }: Query): void {
  const [, h, w, c] = cipher.images.shape;
  show(the<HTMLCanvasElement>("cloud"), { shape: [h, w, c], data: cipher.images.data }, "the cipher image");
  the("cloud-says").textContent = `${model.measured.scheme}, encrypted here in ${milliseconds.toFixed(1)} ms`;
  sent = message ? (sentBytes(model.name, message) as Uint8Array<ArrayBuffer>) : new Uint8Array(0);
  bytesShown = FIRST_BYTES;
  the("key-bytes").textContent = String(keyBytes(sent, key));
  the("sent-says").textContent = message
    ? `of ${sent.length.toLocaleString("en")}, counted in all that was sent: raw, hex, base32, base64`
    : "nothing was sent";
  showBytes();
}

async function showAnswer({ message, milliseconds }: Query, scores: Score[] | Error, waited: number): Promise<void> {
  schemesTable(facts, model);
  const answered = message && !(scores instanceof Error);
  costsTable(facts, model, milliseconds, answered ? waited : null);
  if (!answered) {
    const words = scores instanceof Error ? scores.message : "no model is served here: nothing was asked";
    the("answer").replaceChildren(element("p", sentence(words)));
    the("answer-says").textContent = "";
    return;
  }
  the("answer").replaceChildren(...bars(scores));
  const hidden = model.classes.length > 0 && model.classes.every((name) => /^class-\d+$/.test(name));
  the("answer-says").textContent = ((await session.fits())
    ? `The model's own certainty, after ${waited.toFixed(0)} ms.`
    : `This model was trained under the key ${model.fingerprint}: under yours its answer is noise. Open the owner's key file.`)
    + (hidden ? " Its classes are hidden: imveil ask --classes FILE opens their names, under the key that hid them." : "");
}

function showBytes(): void {
  const end = sent.findIndex((byte, i) => byte === 10 && sent[i + 1] === 10) + 2;
  the("sent-head").textContent = new TextDecoder().decode(sent.subarray(0, end)).trim();
  the("sent-bytes").textContent = dump(sent.subarray(end), bytesShown);
  the("more-bytes").hidden = end + bytesShown >= sent.length;
}

/** The attack on what the cloud has seen, and as many more queries as the slider wants. */
async function attack(mine: number): Promise<void> {
  const wanted = Number(range.value);
  the("count").textContent = range.value;
  remember();
  const pane = the<HTMLCanvasElement>("attacker");
  const says = the("attacker-says");
  if (!model.metadata) {
    clear(pane, "nothing: no server");
    says.textContent = "Start imveil serve --page to see the attack.";
    return;
  }
  says.textContent = wanted - 1 > session.others ? "Queries go out, then the attack runs ..." : "The attack runs ...";
  try {
    const others = sized(pictures, model.shape);
    const caught = await intercepted(session, picture.data, (i) => others(i + 13).data, wanted);
    if (mine !== turn) return;
    const [first, ...rest] = caught.guesses;
    if (first) show(pane, first, "what the attacker gets of your picture");
    else clear(pane, "the attack gives nothing");
    const images = wanted === 1 ? "one cipher image" : `${wanted} cipher images`;
    says.textContent = `${caught.attack}, ${images}, ${caught.seconds.toFixed(1)} s. ${caught.says}`;
    the("guesses").replaceChildren(...rest.map((guess, i) => {
      const canvas = element("canvas", "", { role: "img" });
      show(canvas, guess, `guess of picture ${i + 2}`);
      return canvas;
    }));
  } catch (error) {
    if (mine !== turn) return;
    clear(pane, "no attack");
    the("guesses").replaceChildren();
    says.textContent = sentence((error as Error).message);
  }
}

/** What was chosen, in the address; never the key. */
function remember(): void {
  const said = new URLSearchParams({ model: model.name, intercepted: range.value });
  if (chosen !== null) said.set("picture", String(chosen + 1));
  history.replaceState(null, "", `#${said}`);
}

function failed(error: unknown): void {
  if (error) problem((error as Error).message);
}

function problem(words: string): void {
  const place = the("problem");
  place.textContent = sentence(words);
  place.hidden = !words;
}
