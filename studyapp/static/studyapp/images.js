// Nothing is shown before everything can be shown: all images are decoded first, and the clock starts at a frame
// that has been painted.

import { pauseAfter } from "./waiting.js";

// Resolves when every image is decoded. Images that fail are fetched again; onTrouble(failures, image) is
// called when one fails, with how often it has failed.
export async function decodeAll(images, onTrouble = () => {}) {
  await Promise.all(Array.from(images, (image) => decodeOne(image, onTrouble)));
}

async function decodeOne(image, onTrouble) {
  for (let failures = 1; ; failures += 1) {
    try {
      await image.decode();
      return;
    } catch {
      onTrouble(failures, image);
      await pauseAfter(failures);
      image.src = image.getAttribute("src"); // assigning starts a new fetch
    }
  }
}

// Resolves with the time at which the frame that holds the last change of the page was painted: the first callback
// runs before that frame is painted, the second one at the start of the next frame.
export function painted() {
  return new Promise((resolve) => {
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now())));
  });
}

// Sizes of the files that came over the network, by address.
const sizes = new Map();
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) sizes.set(entry.name, entry.encodedBodySize);
}).observe({ type: "resource", buffered: true });

// About how many bytes the files of these images have; a byte for each pixel where a browser does not tell.
export function bytesOf(images) {
  return Array.from(images, (image) => sizes.get(image.currentSrc) || image.naturalWidth * image.naturalHeight).reduce(
    (sum, bytes) => sum + bytes,
    0,
  );
}
