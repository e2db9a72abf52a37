// The page works without this file: forms are plain forms, and the page reloads itself.
// With it: a tap is sent once, what can be copied has a button, Esc and a pause take a step back.
import { untouchedFor } from "./hand.js";

const PAUSE_MS = 30000;

const offerCopies = () => {
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;
};

const back = () => document.getElementById("back")?.click();
const inStep = () => document.querySelector("form.sure") !== null;

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button === null) return;
  navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent).then(() => {
    button.textContent = "Copied";
  });
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && inStep() && !document.querySelector("dialog[open]")) back();
});
document.addEventListener("submit", (event) => {
  for (const button of event.target.querySelectorAll("button")) button.disabled = true;
});
// A page that the browser kept shows its buttons again.
addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("form button[disabled]:not(.gone)")) button.disabled = false;
});

offerCopies();
setInterval(offerCopies, 1000);
const opened = Date.now();
if (inStep()) {
  setInterval(() => { if (Math.min(untouchedFor(), Date.now() - opened) >= PAUSE_MS) back(); }, 1000);
}
