// What was typed into a form comes back after a reload or an ended sign-in. It is kept by this tab
// alone (sessionStorage), for its person, for half a day, until it is sent or they sign out. Fields
// for what identifies people have no name and are never kept; neither is a text that looks like it.

const PREFIX = "joinder-draft:";
const HALF_A_DAY = 12 * 60 * 60 * 1000;
const IDENTIFYING = /@|\d[\d\s()./-]{5,}\d/;
const NEVER = ["hidden", "password", "file", "submit", "button"];
const PICKED = ["radio", "checkbox"];
const TYPED = ["text", "search", "textarea"];

const person = document.body.dataset.person;
const keys = () => Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX));
const read = (key) => JSON.parse(sessionStorage.getItem(key));
const write = (key, draft) => sessionStorage.setItem(key, JSON.stringify(draft));
const keyOf = (form) => `${PREFIX}${person}:${new URL(form.action).pathname}`;
const fieldsOf = (form) => [...form.elements].filter(({ name, type }) => name && !NEVER.includes(type));
const versionOf = (form) => form.elements.namedItem("version")?.value ?? "";

const isKept = (field) => {
  if (PICKED.includes(field.type)) return field.checked;
  return field.value && !(TYPED.includes(field.type) && IDENTIFYING.test(field.value));
};

const keep = (form) => {
  const values = fieldsOf(form).filter(isKept).map(({ name, value }) => [name, value]);
  write(keyOf(form), { at: Date.now(), version: versionOf(form), isSent: false, values });
};

const restore = (form, { values }) => {
  const has = (name, value) => values.some(([n, v]) => n === name && v === value);
  for (const field of fieldsOf(form)) {
    if (PICKED.includes(field.type)) field.checked = has(field.name, field.value);
    else field.value = values.find(([name]) => name === field.name)?.[1] ?? field.value;
    if (isKept(field)) field.closest("details")?.setAttribute("open", "");
  }
  const note = document.createElement("p");
  const anew = document.createElement("button");
  note.className = "j-kept";
  anew.className = "usa-button usa-button--unstyled";
  anew.type = "button";
  anew.textContent = "Begin anew";
  anew.addEventListener("click", () => {
    sessionStorage.removeItem(keyOf(form));
    form.reset();
    note.remove();
  });
  note.append("What you typed before is back. ", anew);
  form.prepend(note);
};

// what was sent is done with, unless it was refused or the sign-in had ended
const isRefused = !person || document.querySelector(".j-problem, .usa-alert--error[data-focus]");
for (const key of keys()) {
  const draft = read(key);
  const isOthers = person && !key.startsWith(`${PREFIX}${person}:`);
  if (isOthers || Date.now() - draft.at > HALF_A_DAY || (draft.isSent && !isRefused)) {
    sessionStorage.removeItem(key);
  } else if (draft.isSent) {
    write(key, { ...draft, isSent: false });
  }
}

for (const form of document.querySelectorAll("form[data-draft]")) {
  const draft = read(keyOf(form));
  // on a page that refuses it the server has filled the form; of another version it is of no use
  if (draft && !isRefused && draft.version === versionOf(form)) restore(form, draft);
  form.addEventListener("input", () => keep(form));
  // not "submit", which scripts hold back until there are tokens
  form.addEventListener("formdata", () => {
    keep(form);
    write(keyOf(form), { ...read(keyOf(form)), isSent: true });
  });
}

// a script that asks for a part of the page reads the form, too, answered or not: that is not
// sending it
document.addEventListener("htmx:finally:request", () => {
  for (const form of document.querySelectorAll("form[data-draft]")) {
    const draft = read(keyOf(form));
    if (draft) write(keyOf(form), { ...draft, isSent: false });
  }
});

document.querySelector('form[action="/sign-out"]')?.addEventListener("submit", () => {
  for (const key of keys()) sessionStorage.removeItem(key);
});
