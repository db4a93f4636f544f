// Says what the window or the device lacks for this study, live, for as long as it lacks it.

export class Device {
  #notice;
  #onChange;
  #waiters = [];
  #listening = new AbortController();
  #pointer = window.matchMedia("(any-pointer: fine)");

  // notice: the element that says what is lacking; onChange(fits): called when it comes and when it goes.
  constructor(notice, onChange = () => {}) {
    this.#notice = notice;
    this.#onChange = onChange;
    const { minWidth, minHeight, allowTouchOnly } = notice.dataset;
    this.needed = { width: Number(minWidth), height: Number(minHeight), pointer: allowTouchOnly === "false" };
    const { signal } = this.#listening;
    addEventListener("resize", () => this.#check(), { signal });
    this.#pointer.addEventListener("change", () => this.#check(), { signal });
    this.#check();
  }

  get fits() {
    return this.#notice.hidden;
  }

  // Resolves when nothing is lacking.
  fitting() {
    return this.fits ? Promise.resolve() : new Promise((resolve) => this.#waiters.push(resolve));
  }

  // Looks no longer.
  leave() {
    this.#listening.abort();
  }

  #check() {
    const lacking = this.#lacks();
    const fits = lacking.length === 0;
    if (!fits) lacking.push("any");
    for (const number of this.#notice.querySelectorAll("[data-now]")) {
      const now = number.dataset.now === "width" ? innerWidth : innerHeight;
      number.textContent = String(now);
    }
    for (const line of this.#notice.querySelectorAll("[data-lack]")) line.hidden = !lacking.includes(line.dataset.lack);
    if (fits === this.fits) return;
    this.#notice.hidden = fits;
    this.#onChange(fits);
    if (fits) this.#waiters.splice(0).forEach((resolve) => resolve());
  }

  #lacks() {
    if (this.needed.pointer && !this.#pointer.matches) return ["pointer", "mendable"];
    const short = [];
    if (innerWidth < this.needed.width) short.push("width");
    if (innerHeight < this.needed.height) short.push("height");
    if (short.length === 0) return [];
    return this.#screenFits() ? ["window", "mendable", ...short] : ["screen"];
  }

  #screenFits() {
    const { width, height } = this.needed;
    // A tablet or a phone can be turned.
    const turned = navigator.maxTouchPoints > 0 && screen.height >= width && screen.width >= height;
    return (screen.width >= width && screen.height >= height) || turned;
  }
}
