// References that carry an explanation: each place holds the original and its explanation, one above the other. A short
// press changes what is shown, a long one shows the other one for as long as it lasts: on a place for this place, on
// the button or the key F for all of them.

const HOLD_MS = 300;

export class References {
  #evidence;
  #places;
  #button;
  #onFlip;

  // onFlip(place, shown, anyOriginal): called for every change, with the place's number or "all".
  // signal: aborted when nothing can be flipped any more.
  constructor(turn, onFlip, signal) {
    this.#evidence = turn.querySelector(".evidence");
    this.#places = Array.from(turn.querySelectorAll("button.reference"));
    this.#button = turn.querySelector("#flip");
    this.#onFlip = onFlip;
    this.all = this.#button && new Press(this.#places, (shown) => this.#show(this.#places, "all", shown));
    if (!this.all) return; // this condition shows plain images
    bindPress(this.#button, this.all);
    addEventListener("blur", () => this.all.cancel(), { signal }); // the release of the key would not be seen
    for (const place of this.#places) {
      bindPress(place, new Press([place], (shown) => this.#show([place], place.dataset.place, shown)));
    }
  }

  #show(places, name, shown) {
    for (const place of places) {
      place.dataset.shown = shown;
      place.querySelector(".caption").textContent = this.#evidence.dataset[shown === "original" ? "original" : "explained"];
    }
    const originals = this.#places.filter((place) => place.dataset.shown === "original").length;
    this.#summarise(originals);
    this.#onFlip(name, shown, originals > 0);
  }

  #summarise(originals) {
    const { explained, originals: all, both } = this.#evidence.dataset;
    const { showExplained, showOriginals } = this.#button.dataset;
    const isAll = originals === this.#places.length;
    const shown = this.#evidence.querySelector("#shown");
    shown.textContent = originals === 0 ? explained : isAll ? all : both;
    this.#button.textContent = isAll ? showExplained : showOriginals;
  }
}

// One press on one or all places: it begins with what is not shown, and its length decides whether that stays.
class Press {
  #places;
  #show;
  #before = null; // what was shown when the press began; null between presses
  #since = 0;

  constructor(places, show) {
    this.#places = places;
    this.#show = show;
  }

  begin(time) {
    if (this.#before) return;
    this.#before = this.#shown();
    this.#since = time;
    this.#turnTo(this.#before === "original" ? "explanation" : "original");
  }

  end(time) {
    if (!this.#before) return;
    if (time - this.#since > HOLD_MS) this.#turnTo(this.#before);
    this.#before = null;
  }

  // The press became something else, such as scrolling.
  cancel() {
    if (!this.#before) return;
    this.#turnTo(this.#before);
    this.#before = null;
  }

  #shown() {
    return this.#places.every((place) => place.dataset.shown === "original") ? "original" : "explanation";
  }

  #turnTo(shown) {
    if (this.#places.some((place) => place.dataset.shown !== shown)) this.#show(shown);
  }
}

// Mouse, finger and pen; Enter and Space on the focused button; and a click without either, as a screen reader makes.
function bindPress(button, press) {
  const isKey = (event) => event.key === "Enter" || event.key === " ";
  let handled = false;
  const begin = (event) => {
    handled = true;
    press.begin(event.timeStamp);
  };
  button.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    button.setPointerCapture(event.pointerId);
    begin(event);
  });
  button.addEventListener("pointerup", (event) => press.end(event.timeStamp));
  const cancel = () => {
    handled = false;
    press.cancel();
  };
  button.addEventListener("pointercancel", cancel);
  button.addEventListener("contextmenu", (event) => event.preventDefault()); // what a long touch asks for
  button.addEventListener("keydown", (event) => {
    if (isKey(event) && !event.repeat) begin(event);
  });
  button.addEventListener("keyup", (event) => isKey(event) && press.end(event.timeStamp));
  button.addEventListener("blur", cancel);
  button.addEventListener("click", (event) => {
    if (!handled) {
      press.begin(event.timeStamp);
      press.end(event.timeStamp);
    }
    handled = false;
  });
}
