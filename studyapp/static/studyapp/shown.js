// How often this browser has begun each trial that is not answered yet: a page that is loaded again in mid-trial starts
// the clock anew, and its answer must say so.

// Counts one more beginning and gives how many there are; nothing where storage is blocked and none can be known.
export function countShown(session, trial) {
  const key = place(session, trial);
  try {
    const times = (Number(localStorage.getItem(key)) || 0) + 1;
    localStorage.setItem(key, String(times));
    return times;
  } catch {
    return undefined;
  }
}

// The trial is answered and the answer stored.
export function forgetShown(session, trial) {
  try {
    localStorage.removeItem(place(session, trial));
  } catch {
    // Storage is blocked: nothing was kept.
  }
}

function place(session, trial) {
  return `quiddity.shown:${session}:${trial}`;
}
