// What happens during a trial besides the answer: frames, flips, and whatever took the participant away from it. All
// times are on the clock of performance.now.

// So many events of a trial are logged. Flips have a limit of their own, which nobody comes to: no other event takes their
// place.
const MOST_EVENTS = 500;
const MOST_FLIPS = 5000;
const MOST_FRAMES = 2000;
// Changes of size that follow one another this soon are one: an edge of the window is being dragged.
const ONE_RESIZE_MS = 500;

export class Measures {
  #listening = new AbortController();
  #events = [];
  #intervals = [];
  #counts = { blurs: 0, resizes: 0, flips: 0 };
  #resized = { at: -Infinity, event: null };
  #covered = false;
  #hidden = new Stopwatch();
  #original = new Stopwatch();

  // shownAt: when the first frame was painted. known: the data that stands before the first frame.
  constructor(shownAt, known) {
    this.shownAt = shownAt;
    this.known = known;
    this.#listen(window, "blur", () => this.#count("blurs", "blur", ""));
    this.#listen(window, "focus", () => this.#log("focus", ""));
    this.#listen(window, "resize", () => this.#resize(performance.now(), `${innerWidth}x${innerHeight}`));
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

  // Ends measuring; gives the answer's data and events. What is flipped from then on changes nothing of them.
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
    return { data, events: this.#events.map((event) => [...event]) };
  }

  #listen(target, name, act) {
    target.addEventListener(name, act, { signal: this.#listening.signal });
  }

  #count(counted, name, detail) {
    this.#counts[counted] += 1;
    return this.#log(name, detail);
  }

  // Logged when it begins, with the size to which it leads.
  #resize(now, size) {
    if (now - this.#resized.at > ONE_RESIZE_MS) this.#resized.event = this.#count("resizes", "resize", size);
    this.#resized.event[2] = size;
    this.#resized.at = now;
  }

  #log(name, detail) {
    const event = [rounded(Math.max(performance.now() - this.shownAt, 0)), name, detail];
    const { flips } = this.#counts;
    const others = this.#events.length - Math.min(flips, MOST_FLIPS);
    if (name === "flip" ? flips <= MOST_FLIPS : others < MOST_EVENTS) this.#events.push(event);
    return event;
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
