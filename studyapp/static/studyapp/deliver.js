// On the session's pages that show no trial: sends what an earlier page could not send, and then shows where the
// participant stands now.

import { Outbox } from "./outbox.js";
import { stateLine } from "./state.js";

const element = document.querySelector("[data-outbox]");
const outbox = new Outbox(element.dataset, stateLine(element.querySelector(".state")));

if (outbox.waiting().length > 0) {
  await outbox.empty();
  location.replace(element.dataset.session);
}
