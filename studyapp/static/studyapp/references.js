// The reference panel of a condition that explains: each place holds the original and its explanation, one above
// the other. A press on a place flips that place, the button below flips all of them.

export function bindReferences(root) {
  const button = root.querySelector("#flip");
  if (!button) return; // this condition shows plain images
  const { explained } = root.querySelector(".evidence").dataset; // one word: accentuated, suppressed, coloured
  const captions = { explanation: explained, original: "original" };
  const places = Array.from(root.querySelectorAll("button.reference"));
  const summary = root.querySelector("#shown");

  const show = (place, what) => {
    place.dataset.shown = what;
    place.querySelector(".caption").textContent = captions[what];
  };
  const other = (what) => (what === "original" ? "explanation" : "original");
  const summarise = () => {
    const originals = places.filter((place) => place.dataset.shown === "original").length;
    const all = originals === 0 || originals === places.length;
    summary.textContent = all ? (originals ? "originals" : explained) : "both kinds";
    button.textContent = originals === places.length ? `Show the ${explained} images` : "Show the original images";
  };

  for (const place of places) {
    place.addEventListener("click", () => {
      show(place, other(place.dataset.shown));
      summarise();
    });
  }
  button.addEventListener("click", () => {
    const what = places.every((place) => place.dataset.shown === "original") ? "explanation" : "original";
    for (const place of places) show(place, what);
    summarise();
  });
}
