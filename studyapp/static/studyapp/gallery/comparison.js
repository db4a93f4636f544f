// A stimulus over its seed: the divider between them, the flip from one to the other, and the mask over both. What was
// set for one stimulus holds for the next, so that a series is looked at in one way.

const setting = { cut: "50", mask: false };

export function bindComparison(inspector) {
  const picture = inspector.querySelector(".compare");
  bindDivider(picture, inspector.querySelector('[data-act="flip"]'));
  bindMask(picture, inspector.querySelector('[data-act="mask"]'));
}

function bindDivider(picture, flip) {
  const range = picture.querySelector("input");
  if (!range) return; // made from no seed
  const show = (cut) => {
    setting.cut = cut;
    range.value = cut;
    range.setAttribute("aria-valuetext", `${cut} % seed, ${100 - cut} % ${range.dataset.kind}`);
    picture.style.setProperty("--cut", `${cut}%`);
  };
  show(setting.cut);
  range.addEventListener("input", () => show(range.value));
  // To the seed alone, and from there to the stimulus alone.
  flip.addEventListener("click", () => show(Number(setting.cut) < 100 ? "100" : "0"));
}

function bindMask(picture, button) {
  if (!button) return; // it has none
  const show = (on) => {
    setting.mask = on;
    button.setAttribute("aria-pressed", String(on));
    picture.toggleAttribute("data-mask", on);
  };
  show(setting.mask);
  button.addEventListener("click", () => show(!setting.mask));
}
