// How long the rest of the session takes about, at the participant's own pace: told anew with each answer, as the server
// tells it on a page that is loaded again (progress.py).

const TRIAL_S = 12;
const BETWEEN_TRIALS_S = 2;
const OWN_PACE_FROM = 3;

export class Pace {
  // element: where it is told; it brings the times of the trials that are answered, in ms, and the words.
  constructor(element) {
    this.element = element;
    this.times = JSON.parse(element.dataset.answered);
    this.words = JSON.parse(element.dataset.words);
  }

  add(rtMs) {
    this.times.push(rtMs);
  }

  // trialsLeft: how many trials the rest has; otherS: how many seconds all else takes.
  tell({ trialsLeft, otherS }) {
    const own = this.times.length >= OWN_PACE_FROM ? median(this.times) / 1000 : TRIAL_S;
    const minutes = rounded(Number(otherS) + trialsLeft * (own + BETWEEN_TRIALS_S));
    const [none, one, many] = this.words;
    this.element.textContent = minutes === 0 ? none : minutes === 1 ? one : many.replace("{n}", minutes);
  }
}

function rounded(seconds) {
  if (seconds < 60) return 0;
  const minutes = Math.ceil(seconds / 60);
  return minutes <= 10 ? minutes : 5 * Math.ceil(minutes / 5);
}

function median(numbers) {
  const sorted = [...numbers].sort((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
