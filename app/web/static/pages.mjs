// What every page does beside what its HTML does by itself: focus and words after a part of the
// page was replaced, single keys, and the warning before a sign-in ends.

const live = document.getElementById("said");
const say = (text) => {
  live.textContent = text;
};

// what phones fold away is always there on a wide screen; browsers that cannot say so open it
if (!CSS.supports("selector(::details-content)")) {
  for (const each of document.querySelectorAll(".j-fold")) each.open = true;
}

document.querySelector("[data-focus]")?.focus();

let isFollowed = false;
let hasFocus = false;
document.addEventListener("htmx:before:swap", () => {
  isFollowed = Boolean(document.querySelector("#results > [hx-trigger]"));
  hasFocus = Boolean(document.activeElement?.closest("#results"));
});
document.addEventListener("htmx:after:swap", () => {
  const results = document.getElementById("results");
  const said = document.querySelector("main [data-say]")?.textContent;
  // what follows something by itself speaks when it has news, an answer to somebody always
  if (said && !(isFollowed && said === live.textContent)) say(said);
  // a link that was followed is gone with the list that held it; a filter keeps its focus, and so
  // does who reads elsewhere while a part follows something
  const isTheirs = hasFocus || !isFollowed;
  if (results && isTheirs && document.activeElement === document.body) results.focus();
});

// no answer came: what is shown stays, and the next answer takes this away
document.addEventListener("htmx:error", () => {
  const place = document.querySelector("#results, #audience, #further");
  if (!place || place.querySelector("[data-offline]")) return;
  const trouble = document.createElement("p");
  trouble.className = "j-trouble";
  trouble.dataset.offline = "";
  trouble.setAttribute("role", "alert");
  trouble.textContent = "The registry does not answer. Check your connection and try again.";
  place.prepend(trouble);
});

// Single keys, which their reader can switch off (WCAG 2.1.4); never while something is typed.
const keys = document.getElementById("keys");
const OFF = "joinder-keys-off";
const GOES = { q: "/overlaps", c: "/cases", h: "/handling", p: "/cases/new" };
let went = 0;

const move = (by) => {
  const rows = [...document.querySelectorAll(".j-table tbody .j-row")];
  const here = rows.findIndex((row) => row.closest("tr").contains(document.activeElement));
  const next = here < 0 ? (by > 0 ? 0 : -1) : here + by;
  rows[next]?.focus();
};

const acts = {
  j: () => move(1),
  k: () => move(-1),
  "?": () => keys.showModal(),
  "/": () => document.querySelector("[role=search] input[type=search]")?.focus(),
  g: () => {
    went = Date.now();
  },
};

document.addEventListener("keydown", (event) => {
  const isTyped = event.target.closest?.("input, select, textarea, dialog, [contenteditable]");
  if (!keys || event.ctrlKey || event.metaKey || event.altKey || isTyped) return;
  if (localStorage.getItem(OFF)) return;
  if (Date.now() - went < 1500 && GOES[event.key]) {
    location.assign(GOES[event.key]);
  } else if (acts[event.key]) {
    event.preventDefault();
    acts[event.key]();
  }
});

if (keys) {
  const isOn = document.getElementById("keys-on");
  isOn.checked = !localStorage.getItem(OFF);
  isOn.addEventListener("change", () => {
    if (isOn.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "1");
    say(isOn.checked ? "Shortcuts are on." : "Shortcuts are off.");
  });
  const open = document.getElementById("keys-open");
  open.hidden = false;
  open.addEventListener("click", () => keys.showModal());
  document.getElementById("keys-close").addEventListener("click", () => keys.close());
}

// In a field with a button of its own Enter presses that one, not the form's.
for (const field of document.querySelectorAll("[data-presses]")) {
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    document.getElementById(field.dataset.presses).click();
  });
}

// A field for the code of an office offers those whose name or code has in it what is typed.
for (const field of document.querySelectorAll("[data-offices]")) {
  let waiting = 0;
  const offer = async () => {
    const named = field.value.trim();
    const answer = await fetch(`/v1/offices?limit=20&named=${encodeURIComponent(named)}`).catch(() => null);
    if (!answer?.ok || named !== field.value.trim()) return;
    const { items } = await answer.json();
    field.list.replaceChildren(...items.map(({ code, name }) => new Option(name, code)));
  };
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    if (field.value.trim().length > 1) waiting = setTimeout(offer, 150);
  });
}

const counts = document.querySelectorAll("[data-unread]");
if (counts.length) {
  const show = (text) => {
    if (text === counts[0].textContent) return;
    for (const count of counts) count.textContent = text;
    for (const each of document.querySelectorAll("[data-some-unread]")) each.hidden = text === "0";
    if (text !== "0") say(`Notices to read: ${text}.`);
  };
  // a page just made has the number after what was read on it; those open beside it take it over
  const beside = new BroadcastChannel("joinder-unread");
  beside.addEventListener("message", ({ data }) => show(data));
  beside.postMessage(counts[0].textContent);
  // a hint that there is something new; without it the number is that of when the page was made
  new EventSource("/notices/stream").addEventListener("notices", ({ data }) => {
    show(Number(data) >= 20 ? "20+" : data);
  });
}

const idleSeconds = Number(document.body.dataset.idleSeconds ?? 0);
const endsAt = Date.now() + Number(document.body.dataset.endsSeconds || Infinity) * 1000;
const WARNING_SECONDS = 120;
const LAST_CALL_SECONDS = 600;

const inWords = (seconds) => {
  if (seconds > 60) return `${Math.ceil(seconds / 60)} minutes`;
  return seconds > 30 ? "one minute" : "half a minute";
};

/** Show a dialog, or the time that is left in it: in words, so that it is read out a few times only. */
const warn = (dialog, place, seconds) => {
  const text = inWords(seconds);
  if (!dialog.open) dialog.showModal();
  if (place.textContent !== text) place.textContent = text;
};

if (idleSeconds) {
  const idle = document.getElementById("idle");
  const end = document.getElementById("end");
  const key = "joinder-seen";
  const seen = () => localStorage.setItem(key, String(Date.now()));
  let isTold = false;
  seen(); // this page was just asked for; other windows of the same sign-in hear it
  document.addEventListener("htmx:after:request", seen);
  const leave = () => {
    const here = encodeURIComponent(location.pathname + location.search);
    location.replace(`/sign-in?next=${here}&note=expired`);
  };
  const stay = async () => {
    // without an answer the warning stays, and the button can be pressed again
    const answer = await fetch("/v1/sign-in", { headers: { Accept: "application/json" } }).catch(() => null);
    if (answer?.ok) {
      seen();
      idle.close();
    } else if (answer) leave();
  };
  document.getElementById("idle-stay").addEventListener("click", stay);
  idle.addEventListener("cancel", (event) => {
    event.preventDefault();
    stay();
  });
  document.getElementById("end-close").addEventListener("click", () => end.close());
  setInterval(() => {
    const now = Date.now();
    const rest = Math.ceil(idleSeconds - (now - Number(localStorage.getItem(key) ?? 0)) / 1000);
    const last = Math.ceil((endsAt - now) / 1000);
    if (rest <= 0 || last <= 0) leave();
    else if (rest <= WARNING_SECONDS) warn(idle, document.getElementById("idle-left"), rest);
    else if (idle.open) idle.close();
    else if (last <= LAST_CALL_SECONDS && (end.open || !isTold)) {
      isTold = true; // once it is closed, however soon after
      warn(end, document.getElementById("end-left"), last);
    }
  }, 1000);
}
