// The page that puts a value on a suppression list: it becomes a token here, and only that is sent.
import { listedKey, makeTokens, readSubject, Trouble } from "./tokens.mjs";

const form = document.getElementById("suppression");
const trouble = document.getElementById("trouble");
const kinds = JSON.parse(form.dataset.kinds);
const field = (id) => document.getElementById(id);
const kind = form.elements.namedItem("kind");
const hidden = (name) => form.elements.namedItem(name);

const prompt = () => {
  const of = kind.value === "addr" ? "ZIP code" : kinds.find(({ name }) => name === kind.value)?.of;
  field("of-row").hidden = !of;
  field("of-label").textContent = of ?? "";
};

/** Return kind, epoch and token of what was typed. */
async function token() {
  const value = field("value");
  if (!kind.value) throw new Trouble("Choose the kind.", kind);
  if (!value.value.trim()) throw new Trouble("Enter the value.", value);
  const joinder = await import(form.dataset.module);
  const blank = { given: "", middle: "", surname: "", born: "", name: "", state: "" };
  const { subjects } = kinds.find(({ name }) => name === kind.value);
  const provenance = "own_investigation";
  const typed = { kind: kind.value, value: value.value.trim(), of: field("of").value.trim(),
    provenance, field: value };
  const parts = readSubject(joinder, { ref: "1", kind: subjects[0], ...blank, provenance, identifiers: [typed] });
  const permit = { csrf: form.dataset.csrf, reason: "suppression", cases: [] };
  const made = await makeTokens(joinder, parts, permit);
  const listed = listedKey(parts, kind.value).kind;
  const found = made.subjects[0].identifiers.find((each) => each.kind === listed);
  return { kind: listed, epoch: made.epoch, token: found.token };
}

document.getElementById("no-script").remove(); // it said so while nothing here had run
kind.addEventListener("change", prompt);
prompt();
form.addEventListener("submit", async (event) => {
  if (hidden("token").value) return;
  event.preventDefault();
  const button = field("add");
  button.disabled = true;
  trouble.textContent = "";
  try {
    const made = await token();
    if (made.kind !== kind.value) kind.add(new Option(kind.selectedOptions[0].text, made.kind, true, true));
    hidden("epoch").value = made.epoch;
    hidden("token").value = made.token;
    field("value").value = field("of").value = ""; // what was typed goes before anything is sent
    form.submit();
  } catch (error) {
    trouble.textContent = error instanceof Trouble ? error.message : "The value could not be scrambled. Nothing was sent. Try again.";
    (error.field ?? trouble).focus();
    button.disabled = false;
  }
});
