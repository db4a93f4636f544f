// The notice that the window is too small in the place of a trial: what it covers can be neither seen nor answered, and
// comes back by itself when the window fits again.

import { Device } from "./device.js";

// Looks for as long as the page stands. The page hears "cover" with whether its trial is covered now.
export function coverWhileTooSmall(page, stage) {
  let focused = null;
  const device = new Device(page.querySelector("#device"), (fits) => {
    if (!fits) focused = document.activeElement;
    stage.inert = !fits;
    page.toggleAttribute("data-covered", !fits);
    page.dispatchEvent(new CustomEvent("cover", { detail: !fits }));
    if (fits) scrollTo(0, 0);
    (fits && stage.contains(focused) ? focused : page).focus({ preventScroll: true });
  });
  // The keys of a trial are those of the whole page.
  page.addEventListener("keydown", (event) => device.fits || event.stopImmediatePropagation(), { capture: true });
  return device;
}
