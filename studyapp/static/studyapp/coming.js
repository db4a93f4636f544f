// The trials that come up to the next stop, with their images fetched and decoded before they are needed: so that one
// follows the other at once, and the study goes on without a connection.

import { bytesOf, decodeAll } from "./images.js";
import { attempt, pauseAfter } from "./waiting.js";

const AHEAD_BYTES = 64 * 1024 * 1024;
// What our server says where a session is gone; a bare status may be that of anything on the way.
const GONE = "unknown_session";

export class Coming {
  #cards = null; // not yet known
  #filling = false;

  // shown: the id of the trial that stands on the page already.
  constructor(url, shown) {
    this.listed = fetchList(url).then((trials) => {
      this.#cards = trials.filter(({ trial }) => trial !== shown).map((trial) => new Card(trial));
    });
  }

  // Fetches images ahead, those of the next trial first, as many as may be kept.
  async fill() {
    await this.listed;
    if (this.#filling) return;
    this.#filling = true;
    for (let card; (card = this.#nextToFetch()); ) await card.prepare();
    this.#filling = false;
  }

  // The next trial's element with all its images decoded, or null at the stop.
  async next(onTrouble) {
    if (!this.#cards && !navigator.onLine) onTrouble();
    await this.listed;
    const card = this.#cards.shift();
    return card ? card.prepare(onTrouble) : null;
  }

  #nextToFetch() {
    const held = this.#cards.reduce((sum, card) => sum + card.bytes, 0);
    return held < AHEAD_BYTES ? this.#cards.find((card) => !card.ready) : undefined;
  }
}

// One coming trial: first its text, then its element, whose images load although it does not stand on the page yet.
class Card {
  bytes = 0;
  ready = null;
  #onTrouble = () => {};
  #inTrouble = false;

  constructor({ html }) {
    this.html = html;
  }

  prepare(onTrouble) {
    if (onTrouble) {
      this.#onTrouble = onTrouble;
      if (this.#inTrouble) onTrouble();
    }
    this.ready ??= this.#fetch();
    return this.ready;
  }

  async #fetch() {
    const turn = elementOf(this.html);
    const images = turn.querySelectorAll("img");
    await decodeAll(images, (...trouble) => {
      this.#inTrouble = true;
      this.#onTrouble(...trouble);
    });
    this.bytes = bytesOf(images);
    return turn;
  }
}

function elementOf(html) {
  const template = document.createElement("template");
  template.innerHTML = html; // inert: nothing is fetched before it belongs to the page
  for (const image of template.content.querySelectorAll("img")) image.fetchPriority = "low";
  return document.importNode(template.content, true).querySelector("[data-trial]");
}

// The list, asked for until it comes; empty where the server has none for this session, whose page then says why.
async function fetchList(url) {
  for (let failures = 1; ; failures += 1) {
    try {
      const reply = await attempt(url);
      const { trials, code } = await reply.json();
      if (reply.ok && Array.isArray(trials)) return trials;
      if (code === GONE) return [];
    } catch {
      // Offline, or not the reply of our server: asked again when the connection is back.
    }
    await pauseAfter(failures);
  }
}
