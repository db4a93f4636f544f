// The page of trials: one after another, without loading the page again, up to the next stop.

import { Coming } from "./coming.js";
import { coverWhileTooSmall } from "./cover.js";
import { bindKeySwitch } from "./keys.js";
import { goOn } from "./onward.js";
import { Outbox } from "./outbox.js";
import { Pace } from "./pace.js";
import { showPresses } from "./presses.js";
import { stateLine, untilRead } from "./state.js";
import { Trial } from "./trial.js";

// So many failures of one image, some seconds, are more than a connection that comes and goes.
const PERMANENT_FROM = 4;
// So long the chosen answer stands before the next trial takes its place.
const CHOSEN_MS = 200;

const page = document.querySelector("main.trial");
const stage = page.querySelector(".stage");
const loading = page.querySelector(".loading");
const outbox = new Outbox(page.dataset, stateLine(page.querySelector(".state")));
const pace = new Pace(page.querySelector(".bar .time-left"));
const device = coverWhileTooSmall(page, stage);
showPresses(page);
bindKeySwitch(page.querySelector("[data-key-switch]"));
const ahead = outbox.overtaken.then(() => null);

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
    page.dataset.behind = ""; // the server knows less than was answered: its bar would go back
    return leave();
  }
  const coming = new Coming(page.dataset.coming, trial.id);
  while (trial) {
    // Where another page of the session is ahead, this one answers no further trial.
    given ??= await Promise.race([ahead, answered(trial, coming)]);
    if (!given) break;
    pace.add(given.rt_ms);
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
  const next = coming.next((...trouble) => {
    inTrouble = true;
    interrupted(...trouble);
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

// Each trial brings where the session stands when it is shown: as its page would say if it were loaded again.
function showProgress({ label, done, told, ...left }) {
  document.title = `${label} - ${page.dataset.title}`;
  page.querySelector(".bar label").textContent = label;
  pace.tell(left);
  const bar = page.querySelector("#progress");
  bar.value = done;
  bar.setAttribute("aria-valuetext", told);
}

// Shows where the session stands now, once all answers are stored.
async function leave() {
  // A trial that was on its way may still come to stand here: it is neither seen nor answered.
  page.dataset.leaving = "";
  page.addEventListener("keydown", (event) => event.stopImmediatePropagation(), { capture: true });
  wait();
  if (outbox.trouble) interrupted();
  await outbox.empty();
  if (outbox.uncounted) await tellUncounted();
  await goOn(page.dataset.session, () => (loading.textContent = loading.dataset.unreachable));
}

// An answer that was given here does not count: nobody should have to wonder where the trial went.
async function tellUncounted() {
  loading.textContent = loading.dataset[outbox.uncounted];
  await untilRead();
}

function wait() {
  page.dataset.waiting = "";
  loading.textContent = loading.dataset.loading;
}

// The next images, or the list of trials, cannot be fetched.
function interrupted(failures = 1, image = null) {
  page.dataset.waiting = "";
  if (failures < PERMANENT_FROM) loading.textContent = loading.dataset[outbox.needsPage ? "troubleUnkept" : "trouble"];
  else lookAgain(image);
}

// An image fails again and again. Where the session has gone on without this page, the page leaves; where the server
// answers but has no such image, the page says so instead of speaking of the connection.
async function lookAgain(image) {
  try {
    const session = await fetch(page.dataset.session);
    if (!session.ok) return;
    const html = new DOMParser().parseFromString(await session.text(), "text/html");
    if (!html.querySelector("[data-trial]")) return void leave();
    const { ok } = await fetch(image.currentSrc || image.src);
    if (!ok && "waiting" in page.dataset) loading.textContent = loading.dataset.fault;
  } catch {
    // The connection is gone after all.
  }
}
