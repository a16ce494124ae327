// What every page does beside what its HTML does by itself: focus and words after a part of the
// page was replaced, rows by j and k, and the warning before a sign-in ends.

const say = (text) => {
  document.getElementById("said").textContent = text;
};

document.querySelector("[data-focus]")?.focus();

document.addEventListener("htmx:after:swap", () => {
  const results = document.getElementById("results");
  const said = results?.querySelector("[data-say]");
  if (said) say(said.textContent);
  // a link that was followed is gone with the list that held it; a filter keeps its focus
  if (results && document.activeElement === document.body) results.focus();
});

document.addEventListener("keydown", (event) => {
  const row = document.activeElement?.closest?.(".j-table tbody tr");
  if (!row || !["j", "k"].includes(event.key) || event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  const next = event.key === "j" ? row.nextElementSibling : row.previousElementSibling;
  next?.querySelector(".j-row")?.focus();
});

const badge = document.querySelector("[data-unread]");
if (badge) {
  // a hint that there is something new; without it the number is that of when the page was made
  new EventSource("/notices/stream").addEventListener("notices", (event) => {
    const unread = Number(event.data);
    const text = unread >= 20 ? "20+" : String(unread);
    if (text === badge.textContent) return;
    badge.textContent = text;
    badge.hidden = unread === 0;
    if (unread) say(`Notices to read: ${text}.`);
  });
}

const idleSeconds = Number(document.body.dataset.idleSeconds ?? 0);
const WARNING_SECONDS = 120;

if (idleSeconds) {
  const dialog = document.getElementById("idle");
  const left = document.getElementById("idle-left");
  const key = "joinder-seen";
  const seen = () => localStorage.setItem(key, String(Date.now()));
  seen(); // this page was just asked for; other windows of the same sign-in hear it
  document.addEventListener("htmx:after:request", seen);
  const stay = async () => {
    const answer = await fetch("/v1/sign-in", { headers: { Accept: "application/json" } });
    if (answer.ok) {
      seen();
      dialog.close();
    } else {
      leave();
    }
  };
  const leave = () => {
    const here = encodeURIComponent(location.pathname + location.search);
    location.replace(`/sign-in?next=${here}&note=expired`);
  };
  document.getElementById("idle-stay").addEventListener("click", stay);
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    stay();
  });
  setInterval(() => {
    const since = (Date.now() - Number(localStorage.getItem(key) ?? 0)) / 1000;
    const rest = Math.ceil(idleSeconds - since);
    if (rest <= 0) leave();
    else if (rest > WARNING_SECONDS) {
      if (dialog.open) dialog.close();
    } else {
      if (!dialog.open) dialog.showModal();
      const minutes = Math.ceil(rest / 60);
      const words = rest > 60 ? `${minutes} minutes` : rest > 30 ? "one minute" : "half a minute";
      if (left.textContent !== words) left.textContent = words;
    }
  }, 1000);
}
