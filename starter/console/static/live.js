// The parts of the page follow the incident by one stream (server-sent events). Without it the page reloads itself.
import { clock, tick } from "./clocks.js";
import { SETTLE_MS, calm, writing } from "./hand.js";
import { read } from "./target.js";

const RELOAD_MS = 15000;
const SILENT_MS = 40000;
const line = document.getElementById("liveness");
const places = new Map([...document.querySelectorAll("[data-region]")].map((place) => [place.dataset.region, place]));
const coming = new Map();
let source = null;
let updated = new Date();
let heardAt = Date.now();
let buttonsGoneAt = 0;
let planChangedAt = null;
let reloading = 0;

const say = (text) => { if (line.textContent !== text) line.textContent = text; };

const digestOf = (place) => place.querySelector("[data-of]")?.dataset.of ?? "";

// -- taking in what has changed -------------------------------------------------------------------------------------

const same = (node) => `${node.tagName} ${node.textContent.trim()}`;

// The one element of a region stays the same element: only what is in it is another.
const fill = (place, html) => {
  const fresh = new DOMParser().parseFromString(html, "text/html").body;
  const [old, next] = [place.firstElementChild, fresh.firstElementChild];
  if (place.childElementCount !== 1 || fresh.childElementCount !== 1 || old.tagName !== next.tagName) {
    place.innerHTML = html;
    return;
  }
  old.className = next.className;
  if (next.dataset.of) old.dataset.of = next.dataset.of;
  old.innerHTML = next.innerHTML;
};

const swap = (place, data) => {
  const held = place.contains(document.activeElement) ? document.activeElement : null;
  const open = new Set([...place.querySelectorAll("details[open] > summary")].map(same));
  const target = place.querySelector("#target");
  fill(place, data.html);
  place.dataset.live = data.key;
  for (const summary of place.querySelectorAll("details > summary")) if (open.has(same(summary))) summary.parentElement.open = true;
  const fresh = place.querySelector("#target");
  if (fresh !== null && target !== null && fresh.dataset.of === target.dataset.of) fresh.replaceWith(target);
  if (held !== null) refocus(place, held);
};

// A heading or a row that a key led to could be focused only since then, and so must the one in its place.
const refocus = (place, held) => {
  const byId = held.id ? document.getElementById(held.id) : null;
  const alike = byId ?? [...place.querySelectorAll(held.tagName)].find((node) => same(node) === same(held));
  if (alike) {
    if (held.hasAttribute("tabindex")) alike.tabIndex = held.tabIndex;
    return alike.focus({ preventScroll: true });
  }
  place.tabIndex = -1;
  place.focus({ preventScroll: true });
};

// Buttons go before anything else: they say yes to a plan that is not the one that waits any more.
const takeButtonsAway = (place) => {
  for (const button of place.querySelectorAll(".buttons a, .buttons button")) {
    button.removeAttribute("href");
    button.disabled = true;
    button.classList.add("gone");
  }
  buttonsGoneAt = Date.now();
};

const changedLine = (at) => {
  const said = document.createElement("p");
  said.className = "changed";
  said.setAttribute("role", "status");
  said.innerHTML = "The plan changed <time data-age></time> (new digest). Look again.";
  said.querySelector("time").dateTime = at.toISOString();
  return said;
};

const mayTakeIn = (place) => {
  if (!calm() || writing(place)) return false;
  return place.dataset.region !== "card" || (place.querySelector("form.sure") === null && Date.now() - buttonsGoneAt >= SETTLE_MS);
};

const settle = () => {
  for (const [name, data] of coming) {
    const place = places.get(name);
    if (!mayTakeIn(place)) continue;
    swap(place, data);
    coming.delete(name);
    if (name === "card" && planChangedAt !== null && data.digest) place.prepend(changedLine(planChangedAt));
    if (name === "card") { planChangedAt = null; read(); }
    tick();
  }
};
setInterval(settle, 200);

const cardChanges = (place, data) => {
  const before = digestOf(place);
  if (!before || before === data.digest || planChangedAt !== null) return;
  planChangedAt = new Date();
  takeButtonsAway(place);
  const step = place.querySelector("form.sure");
  if (step === null) return;
  const said = changedLine(planChangedAt);
  said.innerHTML = `This plan does not wait any more. <a href="${location.pathname}#card">Look again</a>`;
  step.prepend(said);
};

const takeIn = (name, data) => {
  const place = places.get(name);
  if (place.dataset.live === data.key) return coming.delete(name);
  coming.set(name, data);
  if (name === "card") cardChanges(place, data);
  if (data.title) document.title = data.title;
  return settle();
};

// -- the stream -----------------------------------------------------------------------------------------------------

const heard = () => {
  updated = new Date();
  heardAt = Date.now();
  say("live");
};

// Never the form that was sent: only what is true now.
const again = () => location.replace(location.pathname);

const reloadLater = () => {
  say(`not live, reloads every ${RELOAD_MS / 1000} s`);
  clearTimeout(reloading);
  reloading = setTimeout(() => {
    if (document.hidden || writing() || document.querySelector("form.sure") !== null) return reloadLater();
    return again();
  }, RELOAD_MS);
};

const over = () => {
  stop();
  say("closed; this page does not change any more");
  // The page of a closed incident leads with how it ended.
  setTimeout(() => { if (!writing() && document.querySelector("form.sure") === null) again(); }, SETTLE_MS);
};

const stop = () => {
  source?.close();
  source = null;
};

const start = () => {
  stop();
  heardAt = Date.now();
  source = new EventSource(`${location.pathname}/events`);
  for (const name of places.keys()) {
    source.addEventListener(name, (event) => { heard(); takeIn(name, JSON.parse(event.data)); });
  }
  source.addEventListener("alive", heard);
  source.addEventListener("over", over);
  source.addEventListener("away", (event) => {
    heard();
    say(`not live: ${JSON.parse(event.data).why} Last update ${clock(updated)}`);
    takeButtonsAway(places.get("card"));
  });
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) return reloadLater();
    return say(`reconnecting, last update ${clock(updated)}`);
  };
};

if (line !== null) {
  if (!("EventSource" in window)) reloadLater();
  else {
    start();
    // Browsers keep few connections to one server: a page that nobody sees gives its own back.
    document.addEventListener("visibilitychange", () => (document.hidden ? stop() : start()));
    addEventListener("pagehide", stop);
    setInterval(() => { if (source !== null && Date.now() - heardAt > SILENT_MS) { say(`reconnecting, last update ${clock(updated)}`); start(); } }, 5000);
  }
}
