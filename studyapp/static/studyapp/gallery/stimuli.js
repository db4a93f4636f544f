// Another stimulus in the place of the one that is shown in full, without loading the page anew. Its images are decoded
// before it takes the place, so that nothing is empty for a moment.

import { bindComparison } from "./comparison.js";

// Until here the stimulus stands below the list, as in gallery.css.
const STACKED = matchMedia("(max-width: 800px)");

export function bindStimuli() {
  const tiles = Array.from(document.querySelectorAll("a.tile"));
  let loading = new AbortController();

  const current = () => tiles.findIndex((tile) => tile.hasAttribute("aria-current"));

  async function open(address, number) {
    loading.abort(); // who steps on quickly does not wait for what lies between
    loading = new AbortController();
    const { signal } = loading;
    mark(tiles, number);
    try {
      const fresh = await load(address, signal);
      if (signal.aborted) return;
      put(fresh, address);
    } catch (error) {
      if (error.name !== "AbortError") location.assign(address); // the browser says what is wrong, or asks for a login
    }
  }

  document.querySelector(".bench").addEventListener("click", (event) => {
    const link = event.target.closest("a[data-stimulus]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    open(link.href, link.dataset.stimulus);
  });

  return {
    // To the stimulus so many places further.
    step(by) {
      const tile = tiles[current() < 0 ? 0 : current() + by];
      if (tile) go(tile);
    },
    // To the nearest stimulus of the row above or below.
    stepRow(by) {
      const here = tiles[current()];
      const tile = here && nearest(tiles, here, by);
      if (tile) go(tile);
    },
  };

  function go(tile) {
    tile.focus({ preventScroll: true });
    tile.scrollIntoView({ block: "nearest" });
    open(tile.href, tile.dataset.stimulus);
  }
}

function mark(tiles, number) {
  for (const tile of tiles) {
    if (tile.dataset.stimulus === number) tile.setAttribute("aria-current", "true");
    else tile.removeAttribute("aria-current");
  }
}

async function load(address, signal) {
  const response = await fetch(address, { signal });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const fresh = page.querySelector("#stimulus");
  if (!response.ok || !fresh) throw new Error("This page does not show a stimulus.");
  const adopted = document.importNode(fresh, true);
  await Promise.allSettled(Array.from(adopted.querySelectorAll("img"), (image) => image.decode()));
  return adopted;
}

function put(fresh, address) {
  const old = document.querySelector("#stimulus");
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const place = focused && describe(focused);
  bindComparison(fresh);
  old.replaceWith(fresh);
  history.replaceState(null, "", address);
  const again = place && fresh.querySelector(place);
  if (focused) (again ?? fresh.querySelector("nav a"))?.focus({ preventScroll: true });
  const words = fresh.querySelectorAll("h2, header .aside");
  document.querySelector("#announcement").textContent = Array.from(words, (word) => word.textContent).join(", ");
  if (STACKED.matches) fresh.scrollIntoView({ block: "start" });
}

// A selector by which the control that has the focus is found again in the next stimulus.
function describe(control) {
  if (control.rel) return `a[rel="${control.rel}"]`;
  if (control.dataset.act) return `[data-act="${control.dataset.act}"]`;
  return control.type === "range" ? "input[type=range]" : null;
}

function nearest(tiles, here, by) {
  const { left, top, bottom } = here.getBoundingClientRect();
  const boxes = tiles.map((tile) => ({ tile, box: tile.getBoundingClientRect() }));
  const beyond = boxes.filter(({ box }) => (by > 0 ? box.top >= bottom - 1 : box.bottom <= top + 1));
  if (beyond.length === 0) return null;
  const tops = beyond.map(({ box }) => box.top);
  const row = by > 0 ? Math.min(...tops) : Math.max(...tops);
  const inRow = beyond.filter(({ box }) => Math.abs(box.top - row) < 1);
  inRow.sort((one, other) => Math.abs(one.box.left - left) - Math.abs(other.box.left - left));
  return inRow[0].tile;
}
