// The instructions' one control: whether single keys act in the trials.
import { bindKeySwitch } from "./keys.js";

bindKeySwitch(document.querySelector("[data-key-switch]"));
