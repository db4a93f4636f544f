// Shows what the window or the device lacks for this study, and goes on to the consent when it lacks nothing.

const device = document.getElementById("device");
const consent = document.getElementById("consent");
const width = Number(device.dataset.minWidth);
const height = Number(device.dataset.minHeight);
const pointer = window.matchMedia("(any-pointer: fine)");

function screenFits() {
  const sides = [screen.width, screen.height];
  // A tablet or a phone can be turned.
  const turned = navigator.maxTouchPoints > 0 && sides[1] >= width && sides[0] >= height;
  return (sides[0] >= width && sides[1] >= height) || turned;
}

function lacks() {
  if (device.dataset.allowTouchOnly === "false" && !pointer.matches) return ["pointer", "mendable"];
  const short = [];
  if (window.innerWidth < width) short.push("width");
  if (window.innerHeight < height) short.push("height");
  if (short.length === 0) return [];
  return screenFits() ? ["window", "mendable", ...short] : ["screen"];
}

function check() {
  const lacking = lacks();
  const fits = lacking.length === 0;
  if (!fits) lacking.push("any");
  for (const number of device.querySelectorAll("[data-now]")) {
    const now = number.dataset.now === "width" ? window.innerWidth : window.innerHeight;
    number.textContent = String(now);
  }
  for (const line of device.querySelectorAll("[data-lack]")) line.hidden = !lacking.includes(line.dataset.lack);
  const waited = !device.hidden;
  device.hidden = fits;
  if (!fits) return;
  consent.hidden = false;
  window.removeEventListener("resize", check);
  pointer.removeEventListener("change", check);
  // Who was told to change the window hears that it is done.
  if (waited) consent.focus({ preventScroll: true });
}

document.getElementById("unstarted").remove();
window.addEventListener("resize", check);
pointer.addEventListener("change", check);
check();
