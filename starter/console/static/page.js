// The page works without this file: forms are plain forms, and the page reloads itself.
// With it: parts of the page follow the incident, clocks count, a tap is sent once, Esc and a pause take a step back.
"use strict";
(() => {
  const EVERY_MS = 5000;
  const PAUSE_MS = 30000;
  const SETTLE_MS = 700;
  const liveness = document.getElementById("liveness");
  const inStep = document.querySelector("form.sure") !== null;
  let updated = new Date();
  let touched = Date.now();

  const clock = (at) => `${at.toISOString().slice(11, 19)} UTC`;

  const span = (seconds) => {
    const whole = Math.max(0, Math.round(seconds));
    return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
  };

  const tick = () => {
    for (const place of document.querySelectorAll("[data-deadline]")) {
      const left = (new Date(place.dataset.deadline) - Date.now()) / 1000;
      place.textContent = left > 0 ? `in ${span(left)}` : "no more: the time has passed";
    }
  };

  // Whoever writes, or is about to tap, must not lose what is under the finger.
  const busy = () => {
    const at = document.activeElement;
    const writing = at !== null && at.matches("input, select, summary");
    return writing || document.querySelector("details[open]:not([data-was-open])") !== null
      || Date.now() - touched < SETTLE_MS;
  };

  const swap = (fresh) => {
    for (const old of document.querySelectorAll("[data-live][id]")) {
      const next = fresh.getElementById(old.id);
      if (next === null || next.innerHTML === old.innerHTML) continue;
      const focused = document.activeElement && old.contains(document.activeElement) ? document.activeElement.id : "";
      old.innerHTML = next.innerHTML;
      old.className = next.className;
      if (focused) document.getElementById(focused)?.focus();
    }
    document.title = fresh.title;
    tick();
    offerCopies();
  };

  const follow = async () => {
    if (!document.hidden && !busy()) {
      try {
        const answer = await fetch(location.pathname, { headers: { accept: "text/html" }, signal: AbortSignal.timeout(EVERY_MS) });
        if (!answer.ok) throw new Error(String(answer.status));
        swap(new DOMParser().parseFromString(await answer.text(), "text/html"));
        updated = new Date();
        liveness.textContent = "live";
      } catch {
        liveness.textContent = `reconnecting, last update ${clock(updated)}`;
      }
    }
    setTimeout(follow, EVERY_MS);
  };

  const offerCopies = () => {
    if (!navigator.clipboard) return;
    for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;
  };

  const back = () => document.getElementById("back")?.click();

  document.addEventListener("click", (event) => {
    touched = Date.now();
    const button = event.target.closest("[data-copy]");
    if (button === null) return;
    navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent).then(() => {
      button.textContent = "Copied";
    });
  });
  document.addEventListener("input", () => { touched = Date.now(); });
  document.addEventListener("keydown", (event) => {
    touched = Date.now();
    if (event.key === "Escape" && inStep) back();
  });
  document.addEventListener("submit", (event) => {
    for (const button of event.target.querySelectorAll("button")) button.disabled = true;
  });
  // A page that the browser kept shows its buttons again.
  addEventListener("pageshow", () => {
    for (const button of document.querySelectorAll("form button[disabled]")) button.disabled = false;
  });

  offerCopies();
  tick();
  setInterval(tick, 1000);
  if (inStep) {
    setInterval(() => { if (Date.now() - touched >= PAUSE_MS) back(); }, 1000);
  } else if (liveness !== null) {
    for (const open of document.querySelectorAll("details[open]")) open.dataset.wasOpen = "";
    liveness.textContent = "live";
    setTimeout(follow, EVERY_MS);
  }
})();
