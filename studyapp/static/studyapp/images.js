// Nothing is shown before everything can be shown: all images are decoded first, and the clock starts at a frame
// that has been painted.

const PAUSES_MS = [500, 1000, 2000, 4000];

// Resolves when every image is decoded. Images that fail are fetched again; onTrouble() is called when one fails.
export async function decodeAll(images, onTrouble) {
  await Promise.all(Array.from(images, (image) => decodeOne(image, onTrouble)));
}

async function decodeOne(image, onTrouble) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await image.decode();
      return;
    } catch {
      onTrouble();
      const ms = PAUSES_MS[Math.min(attempt, PAUSES_MS.length - 1)];
      await new Promise((resolve) => setTimeout(resolve, ms));
      image.src = image.getAttribute("src"); // assigning starts a new fetch
    }
  }
}

// Resolves with the time at which the frame that holds the last change of the page has been painted: the first
// callback runs before that frame is painted, the second one after it.
export function painted() {
  return new Promise((resolve) => {
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now())));
  });
}
