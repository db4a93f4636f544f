// Answers on their way to the server: one at a time, in the order in which they were given, each again and again until
// the server has acknowledged it. A replay carries the same client_id, so that nothing can be doubled.

import { Kept } from "./kept.js";
import { forgetShown } from "./shown.js";
import { pauseAfter } from "./waiting.js";

const TIMEOUT_MS = 20_000;
// The server has decided about this answer; sending it again would not change that.
const REFUSED = new Set([400, 404, 409, 410]);

export class Outbox {
  // where: the data of an element that names the session, where answers are sent to, and the CSRF token.
  // tell(what, n): called with "saving", "saved", or what is wrong, and how many answers wait.
  constructor(where, tell) {
    this.where = where;
    this.tell = tell;
    this.kept = new Kept(where.session);
    this.given = new Set(); // on this page; what waits may come from other tabs, too
    this.acknowledgements = new Map();
    this.running = false;
    this.trouble = null;
    this.waiters = [];
    // Resolves when another answer stands for a trial than one that waited here, an answer is not taken, or the session is
    // over: this page is behind. Says whether the answer that does not count was given on this page.
    this.overtaken = new Promise((resolve) => (this.#fallBehind = resolve));
  }

  #fallBehind;

  waiting() {
    return this.kept.all();
  }

  // Whether closing the page would lose an answer.
  get needsPage() {
    return this.kept.needsPage;
  }

  put(answer) {
    this.given.add(answer.client_id);
    this.kept.add(answer);
    // While a pause runs between two attempts the words would name too few.
    if (this.running && this.trouble) this.#tellTrouble();
    this.start();
  }

  // Resolves when no answer of the session waits in this browser.
  empty() {
    return new Promise((resolve) => {
      this.waiters.push(resolve);
      this.start();
    });
  }

  // What the server says of an answer of ours. Where another tab has sent it, it is asked again.
  async acknowledgement(answer) {
    await this.empty();
    if (!this.acknowledgements.has(answer.client_id)) {
      this.kept.add(answer);
      await this.empty();
    }
    return this.acknowledgements.get(answer.client_id) ?? { status: "stored", feedback: null };
  }

  start() {
    if (!this.running) this.#run();
  }

  async #run() {
    this.running = true;
    const hadWork = this.waiting().length > 0;
    let failures = 0;
    while (this.waiting().length > 0) {
      if (failures === 0) this.tell("saving", this.waiting().length);
      this.trouble = await alone(`quiddity.outbox:${this.where.session}`, () => this.#sendFirst());
      failures = this.trouble === null ? 0 : failures + 1;
      if (this.trouble === null) continue;
      this.#tellTrouble();
      await pauseAfter(failures);
    }
    this.running = false;
    if (hadWork) this.tell("saved", 0);
    this.waiters.splice(0).forEach((resolve) => resolve());
  }

  #tellTrouble() {
    const unkept = this.trouble !== "cookies" && this.needsPage;
    this.tell(unkept ? `${this.trouble}Unkept` : this.trouble, this.waiting().length);
  }

  // Gives null, or what went wrong.
  async #sendFirst() {
    const [answer] = this.waiting();
    if (!answer) return null; // another tab has sent it
    const { status, acknowledgement } = await send(answer, this.where);
    if (!acknowledgement && !REFUSED.has(status)) return { 0: "offline", 403: "cookies" }[status] ?? "busy";
    this.acknowledgements.set(answer.client_id, acknowledgement ?? { status: "refused", feedback: null });
    this.kept.remove(answer);
    forgetShown(this.where.session, answer.trial);
    const lost = acknowledgement?.status === "already answered" && this.given.has(answer.client_id);
    if (acknowledgement?.status !== "stored" || acknowledgement.over) this.#fallBehind(lost);
    return null;
  }
}

async function send(answer, { responses, csrf }) {
  try {
    const reply = await fetch(responses, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": csrf },
      body: JSON.stringify(answer),
      redirect: "error", // a portal that asks for a login is not the server
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { status: reply.status, acknowledgement: reply.ok ? await reply.json() : null };
  } catch {
    return { status: 0, acknowledgement: null }; // offline, timed out, or cut off in mid-reply
  }
}

// One tab at a time. Without Web Locks (not on https) two tabs may send the same answer: the server takes it once.
async function alone(name, act) {
  try {
    return await navigator.locks.request(name, act);
  } catch {
    return act(); // no locks, or none for a page whose storage is blocked
  }
}
