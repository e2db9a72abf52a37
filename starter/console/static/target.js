// What a plan would change is read from where it would change it, while the card is open: its own question, no one waits.
const AGAIN_MS = 20000;

export const read = async () => {
  const place = document.getElementById("target");
  if (place === null || document.hidden) return;
  try {
    const answer = await fetch(place.dataset.load, { signal: AbortSignal.timeout(8000) });
    if (!answer.ok) return;
    const words = await answer.text();
    if (!words.includes('class="diff"')) return refused(place, words);
    place.innerHTML = words;
  } catch {
    refused(place, '<span class="unseen">It cannot be read now: this page gets no answer.</span>');
  }
};

// What was recorded stays, with the reason beside it.
const refused = (place, words) => {
  let said = place.querySelector(".not-read");
  if (said === null) {
    said = document.createElement("div");
    said.className = "not-read";
    place.append(said);
  }
  said.innerHTML = words;
};

read();
setInterval(read, AGAIN_MS);
