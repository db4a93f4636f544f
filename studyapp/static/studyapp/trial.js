// One trial on the page: shown when it can be shown whole, answered once.

import { decodeAll, painted } from "./images.js";
import { isF, numberOf } from "./keys.js";
import { Measures, rounded } from "./measures.js";
import { References } from "./references.js";
import { countShown } from "./shown.js";
import { randomUuid } from "./uuid.js";

// Nobody answers a picture this soon: such a click or key was meant for the trial before.
const TOO_SOON_MS = 150;
const STEPS = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };

export class Trial {
  #page;
  #turn;
  #buttons;
  #due;
  #imagesMs = 0;
  #listening = new AbortController();
  // Explanations can be flipped beside the feedback, too: by F as by the button.
  #flipping = new AbortController();

  // page: what stays while trials come and go; turn: this trial's element; due: when it should have been shown.
  constructor(page, turn, due) {
    this.#page = page;
    this.#turn = turn;
    this.#due = due;
    this.#buttons = Array.from(turn.querySelectorAll(".answer")); // from "left, sure" to "right, sure"
  }

  get id() {
    return this.#turn.dataset.trial;
  }

  get givesFeedback() {
    return "feedback" in this.#turn.dataset;
  }

  // Shows the trial once all of its images are decoded.
  async show(onTrouble) {
    await decodeAll(this.#turn.querySelectorAll("img"), onTrouble);
    this.#imagesMs = performance.now() - this.#due;
    scrollTo(0, 0); // every trial begins at the same place, wherever the one before it was left
    this.#turn.dataset.state = "shown";
    delete this.#page.dataset.waiting;
  }

  // Starts the clock at the first painted frame and waits for the answer.
  async ask() {
    const times = countShown(this.#page.dataset.session, this.id);
    const shownAt = await painted();
    const measures = new Measures(shownAt, { shown_times: times, images_ms: rounded(this.#imagesMs) });
    measures.cover("covered" in this.#page.dataset);
    this.#listen("cover", (event) => measures.cover(event.detail));
    const references = new References(this.#turn, (...flip) => measures.flip(...flip), this.#flipping.signal);
    this.#flipByKey(references);
    this.#setEnabled(true);
    // The page itself, not a button: the keyboard starts between the sides and favours neither.
    this.#page.focus({ preventScroll: true });
    const { button, time, input } = await this.#firstAnswer(shownAt);
    const { data, events } = measures.finish();
    const given = {
      trial: this.id,
      client_id: randomUuid(),
      choice: button.dataset.side,
      confidence: Number(button.dataset.confidence),
      rt_ms: rounded(time - shownAt),
      data: { input, ...data },
      events,
    };
    this.markChosen(given);
    return given;
  }

  // From here on nothing of the trial can be changed.
  markChosen({ choice, confidence }) {
    this.#listening.abort();
    if (!this.givesFeedback) this.#flipping.abort();
    const chosen = this.#buttons.find(
      (button) => button.dataset.side === choice && Number(button.dataset.confidence) === confidence,
    );
    if (chosen) chosen.dataset.chosen = "";
    this.#page.focus({ preventScroll: true }); // a disabled button would drop the focus
    this.#setEnabled(false);
  }

  // Says whether the answer was right; waits until the participant has read it.
  async tell({ correct, strong_side: side, then }) {
    const box = this.#turn.querySelector(".feedback");
    const query = this.#turn.querySelector(`.query[data-side="${side}"]`);
    query.dataset.strong = "";
    query.append(Object.assign(document.createElement("span"), { className: "verdict", textContent: box.dataset.mark }));
    box.hidden = false;
    const told = box.dataset[`${correct ? "right" : "wrong"}${side === "left" ? "Left" : "Right"}`];
    box.querySelector("p").textContent = `${told} ${then}`.trim();
    const proceed = box.querySelector("#continue");
    proceed.focus({ preventScroll: true });
    await new Promise((resolve) => proceed.addEventListener("click", resolve, { once: true }));
    this.#flipping.abort();
  }

  #firstAnswer(shownAt) {
    return new Promise((resolve) => {
      let pointer;
      const answer = (button, time, input) => time - shownAt >= TOO_SOON_MS && resolve({ button, time, input });
      this.#listen("pointerdown", (event) => (pointer = event.pointerType));
      this.#listen("click", (event) => {
        const button = event.target.closest(".answer");
        // The second click of a double click is not another answer, also where it lands on the next trial.
        if (button && event.detail <= 1) answer(button, event.timeStamp, inputOf(event, pointer));
      });
      this.#listen("keydown", (event) => this.#onKeyDown(event, answer));
    });
  }

  // The keys work wherever in the trial the focus is: also after a press on a reference image or on the background.
  #onKeyDown(event, answer) {
    if (isShortcut(event)) return;
    const step = STEPS[event.key];
    const number = numberOf(event);
    if (step) {
      event.preventDefault();
      this.#moveFocus(step);
    } else if (event.repeat) {
      return; // a key held down since the last trial answers nothing
    } else if (number) {
      event.preventDefault();
      answer(this.#buttons[number - 1], event.timeStamp, "keyboard");
    }
  }

  #flipByKey({ all }) {
    if (!all) return;
    const { signal } = this.#flipping;
    const begins = (event) => isF(event) && !event.repeat && !isShortcut(event);
    this.#page.addEventListener("keydown", (event) => begins(event) && all.begin(event.timeStamp), { signal });
    this.#page.addEventListener("keyup", (event) => isF(event) && all.end(event.timeStamp), { signal });
  }

  // From outside the answers the first step leads to the nearer side's weakest answer: left or right "guess".
  #moveFocus(step) {
    const now = this.#buttons.indexOf(document.activeElement);
    const middle = this.#buttons.length / 2;
    const next = now >= 0 ? now + step : step > 0 ? middle : middle - 1;
    this.#buttons[Math.min(Math.max(next, 0), this.#buttons.length - 1)].focus();
  }

  #listen(name, act) {
    this.#page.addEventListener(name, act, { signal: this.#listening.signal });
  }

  #setEnabled(enabled) {
    for (const button of this.#buttons) button.disabled = !enabled;
  }
}

// Of the browser, or of the system.
function isShortcut({ ctrlKey, altKey, metaKey }) {
  return ctrlKey || altKey || metaKey;
}

// What made a click; Enter and Space make one without a pointer. Older browsers do not tell the pointer of a click, and
// there it is the one that was last pressed.
function inputOf(click, pointer) {
  return (click.pointerType ?? (click.detail > 0 ? pointer : "")) || "keyboard";
}
