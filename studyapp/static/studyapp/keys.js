// The keys 1 to 6 and F of a trial: which of them an event stands for, and whether they act. They can be switched off by
// whom they would answer for unasked, such as somebody who speaks to the computer.

// Of the session: other tabs have the choice too, and whoever sits at this device next makes one of their own.
const PLACE = `quiddity.keys:${document.querySelector("[data-session]").dataset.session}`;
let areOff = stored();

// The number of an answer, or null. By its place where the layout has no digit there without Shift, as on French keyboards.
export function numberOf({ key, code, shiftKey }) {
  if (areOff) return null;
  if (/^[0-9]$/.test(key)) return key >= "1" && key <= "6" ? Number(key) : null;
  return shiftKey ? null : Number(/^Digit([1-6])$/.exec(code)?.[1]) || null;
}

// By its place where the layout has no Latin letters, as on Russian keyboards.
export function isF({ key, code }) {
  if (areOff) return false;
  return /^[a-z]$/i.test(key) ? key.toLowerCase() === "f" : code === "KeyF";
}

// Binds a control of the page: the box in the instructions, or the button in the bar of the trials.
export function bindKeySwitch(control) {
  const show = () => {
    if (control.type === "checkbox") control.checked = !areOff;
    else control.setAttribute("aria-pressed", String(!areOff));
    document.documentElement.toggleAttribute("data-keys-off", areOff); // nothing names them then
  };
  control.addEventListener("click", () => {
    turnOff(!areOff);
    show();
  });
  show();
  control.disabled = false; // until here a press would be lost
}

function turnOff(off) {
  areOff = off;
  try {
    if (off) localStorage.setItem(PLACE, "off");
    else localStorage.removeItem(PLACE);
  } catch {
    // Storage is blocked or full: until the page is loaded again.
  }
}

function stored() {
  try {
    return localStorage.getItem(PLACE) === "off";
  } catch {
    return false;
  }
}
