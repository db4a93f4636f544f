// How long an attempt may take, and how long to wait before the next one: longer after each failure, never the same for
// everybody, and no longer than until the connection is back.

const FIRST_MS = 500;
const LONGEST_MS = 30_000;
const ATTEMPT_MS = 20_000;

// One attempt to get our server's own reply: a connection that hangs gives up in time, and a portal that asks for a
// login is not our server.
export function attempt(url, options = {}) {
  return fetch(url, { redirect: "error", signal: timeLimit(), ...options });
}

// AbortSignal.timeout does the same in newer browsers only.
function timeLimit() {
  const limit = new AbortController();
  setTimeout(() => limit.abort(), ATTEMPT_MS);
  return limit.signal;
}

// Waits after so many failures in a row.
export function pauseAfter(failures) {
  const longest = Math.min(FIRST_MS * 2 ** (failures - 1), LONGEST_MS);
  const ms = longest * (0.5 + Math.random() / 2);
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
