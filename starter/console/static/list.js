// The list follows what changes: rows are renewed in their places, and new ones wait until somebody wants to see them.
import { clock, tick } from "./clocks.js";
import { calm } from "./hand.js";

const line = document.getElementById("liveness");
const updated = document.getElementById("updated");
const GATHER_MS = 1000;
const RELOAD_MS = 15000;
let source = null;
let due = 0;

const say = (text) => { if (line.textContent !== text) line.textContent = text; };

const rowsOf = (page) => new Map([...page.querySelectorAll("tr.row[id]")].map((row) => [row.id, row]));

const renew = (fresh) => {
  const there = rowsOf(document);
  const now = rowsOf(fresh);
  for (const [id, row] of there) {
    const next = now.get(id);
    row.classList.toggle("left", next === undefined);
    if (next === undefined) continue;
    const box = row.querySelector("input[type=checkbox]");
    const held = row.contains(document.activeElement) ? document.activeElement.tagName : "";
    row.className = next.className;
    if (row.innerHTML !== next.innerHTML) row.innerHTML = next.innerHTML;
    const again = row.querySelector("input[type=checkbox]");
    if (box !== null && again !== null) again.checked = box.checked && !again.disabled;
    if (held) row.querySelector(held === "INPUT" ? "input" : "a.title")?.focus();
  }
  const added = [...now.keys()].filter((id) => !there.has(id)).length;
  document.getElementById("news").hidden = added === 0;
  document.getElementById("news-count").textContent = String(added);
  const counters = document.querySelector(".counters");
  counters.innerHTML = fresh.querySelector(".counters").innerHTML;
  document.title = fresh.title;
};

const read = async () => {
  if (!calm()) { due = setTimeout(read, 300); return; }
  due = 0;
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" }, signal: AbortSignal.timeout(10000) });
    if (!answer.ok) throw new Error(String(answer.status));
    renew(new DOMParser().parseFromString(await answer.text(), "text/html"));
    updated.dateTime = new Date().toISOString();
    updated.textContent = clock(new Date());
    tick();
    say("live");
  } catch {
    say("the list could not be read; what stands here is older");
  }
};

const reloadLater = () => {
  say(`not live, reloads every ${RELOAD_MS / 1000} s`);
  setTimeout(() => { if (document.querySelector("input[type=checkbox][name=incident]:checked") === null) location.reload(); else reloadLater(); }, RELOAD_MS);
};

const start = () => {
  stop();
  source = new EventSource("/incidents/events");
  source.addEventListener("changed", () => { if (!due) due = setTimeout(read, GATHER_MS); });
  source.addEventListener("alive", () => { updated.dateTime = new Date().toISOString(); updated.textContent = clock(new Date()); say("live"); });
  source.onerror = () => (source.readyState === EventSource.CLOSED ? reloadLater() : say("reconnecting"));
};

const stop = () => { source?.close(); source = null; };

if ("EventSource" in window) {
  start();
  document.addEventListener("visibilitychange", () => { if (document.hidden) stop(); else { start(); read(); } });
  addEventListener("pagehide", stop);
} else reloadLater();
