// On the pages that end a session: takes from this device what was kept of the session, so that neither its link nor an
// answer stays behind on a device that others use.

const OURS = /^quiddity\.(\w+):/;

const { forget: session, keeps } = document.querySelector("[data-forget]").dataset;

for (const name of ["localStorage", "sessionStorage"]) {
  try {
    forgetIn(window[name]);
  } catch {
    // Storage is blocked: nothing was kept.
  }
}

// `keeps` is the kind that is still needed: answers, where they can still be sent.
function forgetIn(storage) {
  for (const key of Object.keys(storage)) {
    const kind = OURS.exec(key)?.[1];
    if (kind && kind !== keeps && key.startsWith(`quiddity.${kind}:${session}`)) storage.removeItem(key);
  }
}
