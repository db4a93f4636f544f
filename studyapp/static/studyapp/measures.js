// What happens during a trial besides the answer: frames, flips, and whatever took the participant away from it. All
// times are on the clock of performance.now.

const MOST_EVENTS = 500;
const MOST_FRAMES = 2000;

export class Measures {
  #listening = new AbortController();
  #events = [];
  #intervals = [];
  #counts = { blurs: 0, resizes: 0, flips: 0 };
  #covered = false;
  #hidden = new Stopwatch();
  #original = new Stopwatch();

  // shownAt: when the first frame was painted. known: the data that stands before the first frame.
  constructor(shownAt, known) {
    this.shownAt = shownAt;
    this.known = known;
    this.#listen(window, "blur", () => this.#count("blurs", "blur", ""));
    this.#listen(window, "focus", () => this.#log("focus", ""));
    this.#listen(window, "resize", () => this.#count("resizes", "resize", `${innerWidth}x${innerHeight}`));
    this.#listen(document, "visibilitychange", () => {
      this.#hidden.turn(document.hidden || this.#covered);
      this.#log("visibility", document.visibilityState);
    });
    requestAnimationFrame((time) => this.#frame(time));
  }

  // place: the number of the reference that was flipped, or "all"; anyOriginal: whether an original is shown now.
  flip(place, shown, anyOriginal) {
    this.#original.turn(anyOriginal);
    this.#count("flips", "flip", `${place} ${shown}`);
  }

  // covered: whether the notice that the window is too small stands in the trial's place.
  cover(covered) {
    this.#covered = covered;
    this.#hidden.turn(document.hidden || covered);
  }

  // Ends measuring; gives the answer's data and events.
  finish() {
    this.#listening.abort();
    const data = {
      ...this.known,
      ...(this.#intervals.length > 0 && { frame_ms: rounded(median(this.#intervals)) }),
      ...this.#counts,
      hidden_ms: rounded(this.#hidden.total()),
      original_ms: rounded(this.#original.total()),
      device_pixel_ratio: devicePixelRatio,
      viewport_width: innerWidth,
      viewport_height: innerHeight,
    };
    return { data, events: this.#events };
  }

  #listen(target, name, act) {
    target.addEventListener(name, act, { signal: this.#listening.signal });
  }

  #count(counted, name, detail) {
    this.#counts[counted] += 1;
    this.#log(name, detail);
  }

  #log(name, detail) {
    if (this.#events.length >= MOST_EVENTS) return;
    this.#events.push([rounded(Math.max(performance.now() - this.shownAt, 0)), name, detail]);
  }

  #frame(time, before = null) {
    if (this.#listening.signal.aborted || this.#intervals.length >= MOST_FRAMES) return;
    if (before !== null) this.#intervals.push(time - before);
    requestAnimationFrame((next) => this.#frame(next, time));
  }
}

// How long something was so.
class Stopwatch {
  #sum = 0;
  #since = null;

  turn(on) {
    const now = performance.now();
    if (this.#since !== null) this.#sum += now - this.#since;
    this.#since = on ? now : null;
  }

  total() {
    this.turn(this.#since !== null);
    return this.#sum;
  }
}

function median(numbers) {
  return [...numbers].sort((one, other) => one - other)[Math.floor(numbers.length / 2)];
}

// Browsers do not tell time more finely.
export function rounded(ms) {
  return Math.round(ms * 10) / 10;
}
