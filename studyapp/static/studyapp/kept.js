// Answers that are kept in this browser until the server has them, in the order in which they were given. Each has a
// place of its own in localStorage: two tabs of the session that write at the same time take nothing from each other.

// Where storage is blocked or full: until the page is closed.
const unstored = new Map();

addEventListener("beforeunload", (event) => unstored.size > 0 && event.preventDefault());

export class Kept {
  constructor(session) {
    this.prefix = `quiddity.answer:${session}:`;
  }

  // Whether an answer waits in this page only, and would be lost with it.
  get needsPage() {
    return Array.from(unstored.keys()).some((key) => key.startsWith(this.prefix));
  }

  add(answer) {
    const last = this.#entries().at(-1);
    const key = `${this.prefix}${(last?.number ?? 0) + 1}:${answer.client_id}`;
    try {
      localStorage.setItem(key, JSON.stringify(answer));
    } catch {
      unstored.set(key, answer);
    }
  }

  all() {
    return this.#entries().map((entry) => entry.answer);
  }

  remove(answer) {
    for (const entry of this.#entries()) {
      if (entry.answer.client_id !== answer.client_id) continue;
      unstored.delete(entry.key);
      try {
        localStorage.removeItem(entry.key);
      } catch {
        // Storage is blocked: nothing was stored.
      }
    }
  }

  #entries() {
    const entries = [...unstored, ...stored()]
      .filter(([key, answer]) => key.startsWith(this.prefix) && answer)
      .map(([key, answer]) => ({ key, answer, number: Number(key.slice(this.prefix.length).split(":")[0]) }));
    return entries.sort((one, other) => one.number - other.number || (one.key < other.key ? -1 : 1));
  }
}

function stored() {
  try {
    return Object.entries(localStorage).map(([key, text]) => [key, parsed(text)]);
  } catch {
    return []; // storage is blocked
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // not written by us
  }
}
