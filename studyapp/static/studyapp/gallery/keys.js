// The single keys of the gallery. They can be switched off, because they get in the way of those who speak to their
// browser; everything that they do has a link or a button, too.

const SWITCH = "quiddity-gallery-keys";

export function bindKeys({ step, stepRow }) {
  const box = document.querySelector("#shortcuts");
  if (!box) return;
  box.checked = localStorage.getItem(SWITCH) !== "off";
  box.closest("label").hidden = false;
  box.addEventListener("change", () => localStorage.setItem(SWITCH, box.checked ? "on" : "off"));

  const acts = {
    j: () => step?.(1),
    k: () => step?.(-1),
    ArrowRight: () => step?.(1),
    ArrowLeft: () => step?.(-1),
    f: () => document.querySelector('[data-act="flip"]')?.click(),
    m: () => document.querySelector('[data-act="mask"]')?.click(),
    a: () => document.querySelector('[data-act="approve"]')?.click(),
    r: openReject,
    "/": focusFilter,
  };
  // Elsewhere these two scroll.
  const onTiles = { ArrowDown: () => stepRow?.(1), ArrowUp: () => stepRow?.(-1) };

  document.addEventListener("keydown", (event) => {
    if (!box.checked || event.ctrlKey || event.metaKey || event.altKey) return;
    if (takesKeys(event.target, event.key)) return;
    const act = acts[event.key] ?? (event.target.closest("a.tile") ? onTiles[event.key] : undefined);
    if (!act) return;
    event.preventDefault();
    act();
  });
}

// Whether the control at hand has a use for the key: fields for every one, the divider for its arrows.
function takesKeys(target, key) {
  if (target.matches("textarea, select, input:not([type=range], [type=checkbox])")) return true;
  return target.matches("input[type=range]") && key.startsWith("Arrow");
}

// The field to type in, or where there is none the first to choose from.
function focusFilter() {
  const field = document.querySelector(".filter input:not([type=hidden])") ?? document.querySelector(".filter select");
  field?.focus();
}

function openReject() {
  const form = document.querySelector("details.reject");
  if (!form) return;
  form.open = true;
  form.querySelector("textarea").focus();
}
