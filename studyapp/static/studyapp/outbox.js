// Answers on their way to the server: one at a time, in the order in which they were given, each again and again until
// the server has acknowledged it. A replay carries the same client_id, so that nothing can be doubled.

import { Kept } from "./kept.js";
import { forgetShown } from "./shown.js";
import { attempt, pauseAfter } from "./waiting.js";

// So soon another tab says that it has heard, if it lives.
const HEARD_MS = 500;
// Our server's own words, and nothing else, decide about an answer: a status alone may be that of anything on the way,
// such as a proxy whose server is down. What it could not read ("unreadable") was damaged on the way, for every answer
// is whole when it leaves: no word about the answer.
const ACKNOWLEDGED = new Set(["stored", "already answered"]);
const REFUSED = new Set(["not_an_answer", "not_taken", "unknown_session"]);

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
    // Why an answer that the participant should hear of does not count: "lost" where another window's stands in its
    // place, "refused" where the server does not take it.
    this.uncounted = null;
    this.others = channel(`quiddity.uncounted:${where.session}`, (message) => this.#hear(message));
    this.heard = new Map(); // what to call when another tab has heard of its answer
    // Resolves when another answer stands for a trial than one that waited here, an answer is not taken, or the session is
    // over: this page is behind.
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
    this.outcome = "saved";
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
    if (hadWork) this.tell(this.outcome, 0);
    this.waiters.splice(0).forEach((resolve) => resolve());
  }

  #tellTrouble() {
    this.tell(this.needsPage ? `${this.trouble}Unkept` : this.trouble, this.waiting().length);
  }

  // Gives null, or what went wrong.
  async #sendFirst() {
    const [answer] = this.waiting();
    if (!answer) return null; // another tab has sent it
    const { trouble, acknowledgement } = await send(answer, this.where);
    if (trouble === "cookies") this.where.csrf = (await freshToken(this.where.session)) ?? this.where.csrf;
    if (trouble) return trouble;
    this.acknowledgements.set(answer.client_id, acknowledgement);
    this.kept.remove(answer);
    forgetShown(this.where.session, answer.trial);
    if (acknowledgement.status !== "stored") {
      this.outcome = acknowledgement.status === "refused" ? "refused" : "lost";
      await this.#tellUncounted(answer.client_id, this.outcome);
    }
    if (acknowledgement.status !== "stored" || acknowledgement.over) this.#fallBehind();
    return null;
  }

  // All tabs send from the same place: the one that gave an answer says that it does not count, and this one where that
  // tab is closed, loaded again, or elsewhere by now.
  async #tellUncounted(answer, why) {
    if (this.given.has(answer) || !(await this.#heardElsewhere(answer, why))) this.uncounted = why;
  }

  async #heardElsewhere(answer, why) {
    if (!this.others) return false;
    return new Promise((resolve) => {
      this.heard.set(answer, () => resolve(true));
      setTimeout(() => resolve(false), HEARD_MS);
      this.others.postMessage({ answer, why });
    });
  }

  // why: missing where another tab confirms that it has heard.
  #hear({ answer, why }) {
    if (!why) return this.heard.get(answer)?.();
    if (!this.given.has(answer)) return;
    this.uncounted = why;
    this.others.postMessage({ answer });
    this.#fallBehind();
  }
}

// Gives what our server says of the answer, or the trouble of whatever else came back.
async function send(answer, { responses, csrf }) {
  let status = 0;
  let told = null;
  try {
    const reply = await attempt(responses, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": csrf },
      body: JSON.stringify(answer),
    });
    status = reply.status;
    told = await reply.json();
  } catch {
    // Offline, timed out, cut off in mid-reply, or not the reply of our server.
  }
  if (status === 200 && ACKNOWLEDGED.has(told?.status)) return { acknowledgement: told };
  if (status >= 400 && REFUSED.has(told?.code)) return { acknowledgement: { status: "refused", feedback: null } };
  return { trouble: { 0: "offline", 200: "offline", 403: "cookies" }[status] ?? "busy" };
}

// Brings a cookie and the token that goes with it, where cookies are allowed by now: without loading the page again,
// which may hold the only copy of an answer.
async function freshToken(session) {
  try {
    const html = await (await attempt(session)).text();
    return new DOMParser().parseFromString(html, "text/html").querySelector("[data-csrf]")?.dataset.csrf;
  } catch {
    return undefined; // offline by now
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

// What the tabs of a session tell each other; null where the browser does not let them.
function channel(name, hear) {
  try {
    const channel = new BroadcastChannel(name);
    channel.addEventListener("message", ({ data }) => hear(data));
    return channel;
  } catch {
    return null; // too old, or storage is blocked
  }
}
