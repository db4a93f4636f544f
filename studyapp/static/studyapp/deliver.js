// On the session's pages that show no trial: sends what an earlier page could not send, and then shows where the
// participant stands now. Keeps forms from being sent into the void.

import { goOn } from "./onward.js";
import { Outbox } from "./outbox.js";
import { stateLine, untilRead } from "./state.js";

const element = document.querySelector("[data-outbox]");
const state = element.querySelector(".state");
const say = stateLine(state);
const outbox = new Outbox(element.dataset, say);

// Without a connection the browser's own page would take the place of the form and of all that was typed.
document.addEventListener("submit", (event) => {
  if (navigator.onLine) return;
  event.preventDefault();
  say("unsent", 0);
});
addEventListener("online", () => state.dataset.now === "unsent" && state.replaceChildren());

if (outbox.waiting().length > 0) {
  await outbox.empty();
  if (outbox.uncounted) await untilRead(); // nobody should have to wonder where an answer went
  await goOn(element.dataset.session, () => say("unreachable", 0));
}
