// How long to wait before trying again: longer after each failure, never the same for everybody, and no longer than
// until the connection is back.

const FIRST_MS = 500;
const LONGEST_MS = 30_000;

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
