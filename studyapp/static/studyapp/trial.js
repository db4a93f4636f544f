// One trial: show it, take one answer, send it, go on.

import { decodeAll, painted } from "./images.js";
import { deliver, pendingAnswer } from "./outbox.js";
import { bindReferences } from "./references.js";
import { randomUuid } from "./uuid.js";

// Nobody answers a picture this soon: such a click or key was meant for the page before.
const TOO_SOON_MS = 150;

const page = document.querySelector("[data-trial]");
const group = page.querySelector(".answers");
const buttons = Array.from(group.querySelectorAll(".answer")); // from "left, sure" to "right, sure"
const state = page.querySelector(".state");
const loading = page.querySelector(".loading");

let shownAt = null; // on the clock of performance.now, as event.timeStamp is
let answered = false;

bindReferences(page);
group.addEventListener("click", onClick);
page.addEventListener("keydown", onKey);
// A press beside the trial must not take the keys away from it.
document.addEventListener("click", () => document.activeElement === document.body && page.focus({ preventScroll: true }));
page.querySelector("#continue").addEventListener("click", goOn);
// A page brought back from the browser's memory shows a trial that may be over.
addEventListener("pageshow", (event) => event.persisted && goOn());
run();

async function run() {
  const pending = pendingAnswer();
  // What was answered before is settled first. Usually only its acknowledgement was lost.
  if (pending && pending.trial !== page.dataset.trial) await send(pending);
  await decodeAll(page.querySelectorAll("img"), () => {
    loading.textContent = "An image could not be loaded; trying again …";
  });
  page.dataset.state = "shown";
  if (pending && pending.trial === page.dataset.trial) {
    settle(pending);
    return;
  }
  shownAt = await painted();
  setEnabled(true);
  // The page itself, not a button: the keyboard starts between the sides and favours neither.
  page.focus({ preventScroll: true });
}

function onClick(event) {
  const button = event.target.closest(".answer");
  // The second click of a double click is not another answer, also where it lands on the next page.
  if (button && event.detail <= 1) answer(button, event.timeStamp);
}

function onKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  // The keys work wherever in the trial the focus is: also after a press on a reference image or on the background.
  const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
  if (step) {
    event.preventDefault();
    moveFocus(step);
  } else if (event.repeat && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault(); // a key held down since the last trial answers nothing
  } else if (event.key.toLowerCase() === "f" && !event.repeat) {
    page.querySelector("#flip")?.click();
  } else if (/^[1-6]$/.test(event.key) && !event.repeat) {
    event.preventDefault();
    answer(buttons[Number(event.key) - 1], event.timeStamp);
  }
}

// From outside the answers the first step leads to the nearer side's weakest answer: left or right "guess".
function moveFocus(step) {
  const now = buttons.indexOf(document.activeElement);
  const middle = buttons.length / 2;
  const next = now >= 0 ? now + step : step > 0 ? middle : middle - 1;
  buttons[Math.min(Math.max(next, 0), buttons.length - 1)].focus();
}

function answer(button, time) {
  if (answered || shownAt === null || time - shownAt < TOO_SOON_MS) return;
  settle({
    trial: page.dataset.trial,
    client_id: randomUuid(),
    choice: button.dataset.side,
    confidence: Number(button.dataset.confidence),
    rt_ms: Math.round((time - shownAt) * 10) / 10, // browsers do not tell time more finely
  });
}

// Sends this trial's answer, shows the feedback if there is any, goes on.
async function settle(given) {
  answered = true;
  const chosen = buttons.find(
    (button) => button.dataset.side === given.choice && Number(button.dataset.confidence) === given.confidence,
  );
  if (chosen) chosen.dataset.chosen = "";
  page.focus({ preventScroll: true }); // a disabled button would drop the focus
  setEnabled(false);
  const { feedback } = await send(given);
  if (feedback) {
    giveFeedback(feedback);
  } else {
    goOn();
  }
}

async function send(given) {
  say("Saving …");
  const acknowledgement = await deliver(given, {
    url: page.dataset.responses,
    csrfToken: page.dataset.csrf,
    onTrouble: (status) => say(trouble(status), true),
  });
  say(acknowledgement.status === "refused" ? "" : "Saved");
  return acknowledgement;
}

function trouble(status) {
  if (status === 403) return "Not saved yet. Please allow cookies and reload this page: your answer is kept.";
  if (status === 0) return "Offline: your answer is kept on this device and sent again.";
  return "The server is busy: your answer is kept and sent again.";
}

function say(words, isTrouble = false) {
  state.textContent = words;
  state.toggleAttribute("data-trouble", isTrouble);
}

function giveFeedback({ correct, strong_side: side }) {
  const box = page.querySelector(".feedback");
  const query = group.querySelector(`.query[data-side="${side}"]`);
  query.dataset.strong = "";
  const verdict = Object.assign(document.createElement("span"), { className: "verdict", textContent: "responds more" });
  query.append(verdict);
  box.hidden = false;
  box.querySelector("p").textContent = correct
    ? `Correct: the ${side} image makes this detector respond more.`
    : `Not this time: the ${side} image makes this detector respond more.`;
  box.querySelector("#continue").focus();
}

function setEnabled(enabled) {
  for (const button of buttons) button.disabled = !enabled;
}

function goOn() {
  location.replace(location.pathname);
}
