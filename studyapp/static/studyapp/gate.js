// Before the trials: the page goes on when the window and the device lack nothing. Who has been let through is not
// stopped again here; every trial looks for itself.

import { Device } from "./device.js";

const gated = document.querySelector("[data-gated]");
const device = new Device(document.getElementById("device"));
const waits = !device.fits;

document.getElementById("unstarted")?.remove();
gated.hidden = waits;
await device.fitting();
device.leave();
gated.hidden = false;
// Who was told to change the window hears that it is done.
if (waits) gated.focus({ preventScroll: true });
