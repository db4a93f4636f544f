// From one page of the session to the one that shows where it stands now: only once that page can be had. In the place of
// this page, the error of a server that is away for a moment would stand for good.

import { attempt, pauseAfter } from "./waiting.js";

// onTrouble: called whenever the session's page cannot be had.
export async function goOn(session, onTrouble) {
  for (let failures = 1; !(await answers(session)); failures += 1) {
    onTrouble();
    await pauseAfter(failures);
  }
  location.replace(session);
}

// Whether a page of ours comes, such as also that of a session that is gone; what anything on the way says is no such page.
async function answers(session) {
  try {
    const reply = await attempt(session);
    const page = new DOMParser().parseFromString(await reply.text(), "text/html");
    return reply.status < 500 && page.querySelector("main.sheet, main.trial") !== null;
  } catch {
    return false;
  }
}
