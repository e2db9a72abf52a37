// Single keys, for who wants them; `a` leads to the decision and never decides.
const SWITCH = "nightshift-keys";
const help = document.getElementById("help");
const wanted = document.getElementById("keys-on");
let before = "";

const on = () => { try { return localStorage.getItem(SWITCH) !== "off"; } catch { return true; } };

const lead = (place) => {
  if (!place) return;
  if (!place.matches("a, button, input, summary")) place.tabIndex = -1;
  place.focus();
  place.scrollIntoView({ block: "center" });
};

const along = (by) => {
  const rows = [...document.querySelectorAll("#timeline li")];
  const at = rows.indexOf(document.activeElement);
  lead(rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by))]);
};

const copyLink = () => navigator.clipboard?.writeText(location.origin + location.pathname).then(() => {
  document.getElementById("spoken").textContent = "The link is copied.";
});

const comment = () => {
  const field = document.querySelector("form.sure input[name=comment]");
  if (field !== null) return lead(field);
  return document.getElementById("add-note")?.click();
};

const keys = {
  "?": () => help.showModal(),
  j: () => along(1),
  k: () => along(-1),
  a: () => lead(document.querySelector("#card h2")),
  c: comment,
  y: copyLink,
};

const press = (key) => {
  if (before === "g" && key === "l") return location.assign("/incidents");
  if (/^[1-6]$/.test(key)) return lead(document.querySelectorAll("#evidence h3")[Number(key) - 1]);
  return keys[key]?.();
};

if (help !== null) {
  wanted.checked = on();
  wanted.addEventListener("change", () => { try { localStorage.setItem(SWITCH, wanted.checked ? "on" : "off"); } catch { /* for this page only */ } });
  const shown = document.getElementById("show-help");
  shown.hidden = false;
  shown.addEventListener("click", () => help.showModal());
  document.addEventListener("keydown", (event) => {
    // The help that was closed a moment ago still has the focus until the page is drawn again.
    const field = event.target.matches?.("input, select, textarea") && !help.contains(event.target);
    const typed = field || event.ctrlKey || event.metaKey || event.altKey;
    if (typed || !wanted.checked || help.open) return;
    if (event.key !== "g" && before !== "g" && !(event.key in keys) && !/^[1-6]$/.test(event.key)) { before = ""; return; }
    if (event.key !== "g") event.preventDefault();
    press(event.key);
    before = event.key;
  });
}
