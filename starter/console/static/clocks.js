// Times in words count by themselves: from a moment in the page, never from the stream.
export const clock = (at) => `${at.toISOString().slice(11, 19)} UTC`;

const two = (large, unit, small, smaller) => `${large} ${unit}${small ? ` ${small} ${smaller}` : ""}`;

export const span = (seconds) => {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min`;
  if (whole < 86400) return two(Math.floor(whole / 3600), "h", Math.floor((whole % 3600) / 60), "min");
  return two(Math.floor(whole / 86400), "d", Math.floor((whole % 86400) / 3600), "h");
};

const countdown = (left) => {
  if (left <= 0) return "no more: the time has passed";
  return left < 3600 ? `in ${left < 60 ? "" : `${Math.floor(left / 60)} min `}${Math.floor(left) % 60} s` : `in ${span(left)}`;
};

const relative = (at) => {
  const ago = (Date.now() - at) / 1000;
  if (Math.abs(ago) < 1) return "now";
  return ago > 0 ? `${span(ago)} ago` : `in ${span(-ago)}`;
};

const write = (place, text) => { if (place.textContent !== text) place.textContent = text; };

// Who listens hears the time three times, not each second.
const SPOKEN = [[0, "The time for a decision has passed."], [60, "One minute left to decide."], [300, "Five minutes left to decide."]];
let lastLeft = Infinity;

const speak = (left) => {
  const due = SPOKEN.find(([at]) => lastLeft > at && left <= at && Number.isFinite(lastLeft));
  const place = document.getElementById("spoken");
  if (due && place !== null) place.textContent = due[1];
  lastLeft = left;
};

export const tick = () => {
  for (const place of document.querySelectorAll("[data-deadline]")) {
    const left = (new Date(place.dataset.deadline) - Date.now()) / 1000;
    write(place, countdown(left));
    speak(left);
  }
  for (const place of document.querySelectorAll("[data-age]")) write(place, relative(new Date(place.closest("time").dateTime)));
};

tick();
setInterval(tick, 1000);
