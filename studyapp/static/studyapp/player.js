// The page of trials: one after another, without loading the page again, up to the next stop.

import { Coming } from "./coming.js";
import { coverWhileTooSmall } from "./cover.js";
import { Outbox } from "./outbox.js";
import { stateLine } from "./state.js";
import { Trial } from "./trial.js";

// So long the chosen answer stands before the next trial takes its place.
const CHOSEN_MS = 200;
// So long a word stands before the page goes on to where the session is.
const TOLD_MS = 3000;

const page = document.querySelector("main.trial");
const stage = page.querySelector(".stage");
const loading = page.querySelector(".loading");
const outbox = new Outbox(page.dataset, stateLine(page.querySelector(".state")));
const device = coverWhileTooSmall(page, stage);
let hasLost = false; // another window's answer stands in the place of this one's
const ahead = outbox.overtaken.then((lost) => {
  hasLost = lost;
  return null;
});

// A press beside the trial must not take the keys away from it.
document.addEventListener("click", () => document.activeElement === document.body && page.focus({ preventScroll: true }));
// A key held down since the last trial presses nothing.
page.addEventListener("keydown", (event) => {
  if (event.repeat && (event.key === "Enter" || event.key === " ")) event.preventDefault();
});
// A page that is loaded again begins at the top, too.
history.scrollRestoration = "manual";
// A page brought back from the browser's memory shows a trial that may be over.
addEventListener("pageshow", (event) => event.persisted && leave());
await play(stage.querySelector("[data-trial]"));

async function play(turn) {
  let trial = new Trial(page, turn, 0);
  // What was answered before is settled first. Usually only its acknowledgement was lost.
  let given = outbox.waiting().find((answer) => answer.trial === trial.id && trial.givesFeedback);
  if (given) {
    await trial.show(interrupted);
    trial.markChosen(given);
  } else if (outbox.waiting().length > 0) {
    return leave();
  }
  const coming = new Coming(page.dataset.coming, trial.id);
  while (trial) {
    // Where another page of the session is ahead, this one answers no further trial.
    given ??= await Promise.race([ahead, answered(trial, coming)]);
    if (!given) break;
    if (trial.givesFeedback) await tellFeedback(trial, given);
    given = null;
    trial = await following(coming);
  }
  return leave();
}

// Asks for the answer once the window is large enough, while the images of later trials are fetched, and sends it.
async function answered(trial, coming) {
  await trial.show(interrupted);
  coming.fill();
  await device.fitting();
  const given = await trial.ask();
  outbox.put(given);
  return given;
}

async function tellFeedback(trial, given) {
  const { feedback } = await outbox.acknowledgement(given);
  if (feedback) await trial.tell(feedback);
}

// The next trial, in its place on the page; null at the stop.
async function following(coming) {
  let inTrouble = false;
  const next = coming.next(() => {
    inTrouble = true;
    interrupted();
  });
  await new Promise((resolve) => setTimeout(resolve, CHOSEN_MS));
  const due = performance.now();
  if (!inTrouble) wait();
  const turn = await Promise.race([ahead, next]);
  if (!turn) return null;
  stage.replaceChildren(turn);
  showProgress(turn.dataset);
  return new Trial(page, turn, due);
}

function showProgress({ label, done, of, left }) {
  document.title = `${label} - ${page.dataset.title}`;
  page.querySelector(".bar label").textContent = label;
  page.querySelector(".bar .time-left").textContent = left;
  Object.assign(page.querySelector("#progress"), { max: of, value: done });
}

// Shows where the session stands now, once all answers are stored.
async function leave() {
  wait();
  if (outbox.trouble) interrupted();
  await outbox.empty();
  if (hasLost) await tellLost();
  location.replace(page.dataset.session);
}

// An answer that was given here does not count: nobody should have to wonder where the trial went.
async function tellLost() {
  loading.textContent = loading.dataset.lost;
  await new Promise((resolve) => setTimeout(resolve, TOLD_MS));
}

function wait() {
  page.dataset.waiting = "";
  loading.textContent = loading.dataset.loading;
}

// The next images, or the list of trials, cannot be fetched.
function interrupted() {
  page.dataset.waiting = "";
  loading.textContent = loading.dataset[outbox.needsPage ? "troubleUnkept" : "trouble"];
}
