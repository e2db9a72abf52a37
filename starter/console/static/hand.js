// Where the reader's hand is: nothing may move under it.
export const SETTLE_MS = 700;
let touched = 0;

for (const kind of ["pointerdown", "click", "input", "keydown", "touchstart"]) {
  document.addEventListener(kind, () => { touched = Date.now(); }, { capture: true, passive: true });
}

export const untouchedFor = () => Date.now() - touched;

export const writing = (within = document) => {
  const at = document.activeElement;
  return at !== null && within.contains(at) && at.matches("input:not([type=checkbox]), select, textarea");
};

export const calm = () => untouchedFor() >= SETTLE_MS;
