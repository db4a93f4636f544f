// On every page that shows a step of the session: what was typed into another step's questions has reached the server, or
// the session would still be there, and its draft goes. A form that was sent is not received yet.

const { session } = document.querySelector("[data-session]").dataset;

if (!document.querySelector("[data-draft]")) {
  try {
    for (const key of Object.keys(sessionStorage)) {
      if (key.startsWith(`quiddity.draft:${session}:`)) sessionStorage.removeItem(key);
    }
  } catch {
    // Storage is blocked: nothing was kept.
  }
}
