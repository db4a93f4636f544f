// The answer on its way to the server. It is kept in this browser until the server has acknowledged it, so that
// a reload, a crash or a lost connection can neither lose nor double it: a replay carries the same client_id.

const KEY = `quiddity.pending:${location.pathname}`;
const TIMEOUT_MS = 20_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
// The server has decided about this answer; sending it again would not change that.
const REFUSED = new Set([400, 404, 409]);

export function pendingAnswer() {
  try {
    return JSON.parse(localStorage.getItem(KEY));
  } catch {
    return null; // storage is blocked, or what stands there was not written by us
  }
}

function keep(answer) {
  try {
    localStorage.setItem(KEY, JSON.stringify(answer));
  } catch {
    // Storage is blocked or full: the answer is still sent until this page is closed.
  }
}

function forget() {
  try {
    localStorage.removeItem(KEY);
  } catch {
    // Storage is blocked: nothing was kept.
  }
}

// Sends until acknowledged. Gives the server's acknowledgement, or {status: "refused"} when it will not have the
// answer. onTrouble(httpStatus) is called after each failed attempt, with 0 where there was no reply at all.
export async function deliver(answer, { url, csrfToken, onTrouble }) {
  keep(answer);
  for (let attempt = 0; ; attempt += 1) {
    const { status, acknowledgement } = await send(answer, url, csrfToken);
    if (acknowledgement || REFUSED.has(status)) {
      forget();
      return acknowledgement ?? { status: "refused" };
    }
    onTrouble(status);
    await pause(Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS));
  }
}

async function send(answer, url, csrfToken) {
  try {
    const reply = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken },
      body: JSON.stringify(answer),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { status: reply.status, acknowledgement: reply.ok ? await reply.json() : null };
  } catch {
    return { status: 0, acknowledgement: null }; // offline, timed out, or cut off in mid-reply
  }
}

// Waits, or less when the connection comes back.
function pause(ms) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    addEventListener("online", done);
  });
}
