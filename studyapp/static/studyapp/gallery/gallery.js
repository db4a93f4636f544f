// Binds what the pages of the gallery have: the comparison of a stimulus with its seed, and the keys.

import { bindComparison } from "./comparison.js";
import { bindKeys } from "./keys.js";
import { bindStimuli } from "./stimuli.js";

const inspector = document.querySelector("#stimulus");
if (inspector) {
  bindComparison(inspector);
  bindKeys(bindStimuli());
} else if (document.querySelector(".cards")) {
  const names = Array.from(document.querySelectorAll(".card .name"));
  bindKeys({
    step(by) {
      const at = names.indexOf(document.activeElement);
      names[at < 0 ? 0 : Math.min(Math.max(at + by, 0), names.length - 1)].focus();
    },
  });
} else {
  bindKeys({});
}
