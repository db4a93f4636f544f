// How a press on an answer looks for as long as it lasts, whatever presses: mouse, finger, pen, or a key, which in some
// browsers would change nothing by itself.

import { numberOf } from "./keys.js";

// So long the answers are marked to which a press on their picture points.
const POINTED_MS = 800;

// Marks the answer that is being pressed, wherever in the page's trial.
export function showPresses(page) {
  const release = () => page.querySelectorAll("[data-pressed]").forEach((one) => delete one.dataset.pressed);
  const press = (answer) => {
    release();
    if (answer && !answer.disabled) answer.dataset.pressed = "";
  };
  page.addEventListener("pointerdown", (event) => event.button === 0 && press(event.target.closest(".answer")));
  // Before the trial hears of the key, and takes no other answer from then on.
  page.addEventListener("keydown", (event) => event.repeat || press(answerOf(event, page)), { capture: true });
  for (const name of ["pointerup", "pointercancel", "keyup", "blur"]) addEventListener(name, release);
  page.addEventListener("click", ({ target }) => target.matches(".query img") && pointToAnswers(target.closest(".query")));
}

// A picture answers nothing by itself: how sure one is belongs to the answer.
function pointToAnswers(query) {
  if (query.querySelector(".answer:disabled")) return;
  query.dataset.asks = "";
  setTimeout(() => delete query.dataset.asks, POINTED_MS);
}

function answerOf(event, page) {
  if (event.ctrlKey || event.altKey || event.metaKey) return null;
  const number = numberOf(event);
  if (number) return page.querySelectorAll(".answer")[number - 1];
  return event.key === "Enter" || event.key === " " ? event.target.closest(".answer") : null;
}
