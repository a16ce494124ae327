// The part of a page where people and organizations are typed: fields without a name, so that no
// form ever sends them. What is typed becomes tokens here, and only tokens go into the form.
import { Trouble, makeTokens, readSubject } from "./tokens.mjs";

const clone = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);
const part = (within, name) => within.querySelector(`[data-part="${name}"]`);
const text = (within, name) => part(within, name)?.value.trim() ?? "";

/**
 * Let subjects be typed into a form and be sent as tokens.
 *
 * @param {HTMLFormElement} form has `data-module`, `data-kinds`, `data-csrf`, a hidden field
 *   `subjects`, and the button that sends it
 * @param {{reason: string, button: HTMLElement, spares?: string}} options what the tokens are for;
 *   `spares` is the id of a button that sends the form without them
 */
export function typeSubjects(form, { reason, button, spares }) {
  const list = document.getElementById("subjects");
  const trouble = document.getElementById("trouble");
  const hidden = form.elements.namedItem("subjects");
  const kinds = JSON.parse(form.dataset.kinds);

  const number = () => {
    [...list.children].forEach((subject, index) => {
      subject.querySelector("[data-ref]").textContent = index + 1;
    });
  };

  const addIdentifier = (subject) => {
    const row = clone("identifier-form");
    const select = part(row, "kind");
    for (const { name, label, subjects } of kinds) {
      if (subjects.includes(subject.dataset.kind)) {
        select.add(new Option(label[0].toUpperCase() + label.slice(1), name));
      }
    }
    const prompt = () => {
      const of = select.value === "addr" ? "ZIP code" : kinds.find(({ name }) => name === select.value).of;
      const label = row.querySelector("[data-of]");
      label.hidden = !of;
      label.querySelector("span").textContent = of;
    };
    select.addEventListener("change", prompt);
    prompt();
    row.querySelector("[data-drop]").addEventListener("click", () => {
      row.remove();
      subject.querySelector("[data-add]").focus();
    });
    subject.querySelector("[data-identifiers]").append(row);
    return select;
  };

  const addSubject = (kind) => {
    const subject = clone(`${kind}-form`);
    list.append(subject);
    subject.querySelector("[data-add]").addEventListener("click", () => addIdentifier(subject).focus());
    subject.querySelector("[data-remove]").addEventListener("click", () => {
      subject.remove();
      number();
      list.focus();
    });
    number();
    return subject;
  };

  const typed = (subject, index) => ({
    ref: String(index + 1),
    kind: subject.dataset.kind,
    given: text(subject, "given"),
    middle: text(subject, "middle"),
    surname: text(subject, "surname"),
    born: text(subject, "born"),
    name: text(subject, "name"),
    state: text(subject, "state"),
    provenance: text(subject, "provenance"), // the first one is the name's
    fields: { born: part(subject, "born"), surname: part(subject, "surname"), name: part(subject, "name") },
    identifiers: [...subject.querySelectorAll(".j-identifier")]
      .map((row) => ({
        kind: text(row, "kind"),
        value: text(row, "value"),
        of: text(row, "of"),
        provenance: text(row, "provenance"),
        field: part(row, "value"),
      }))
      .filter(({ value }) => value),
  });

  const tokens = async () => {
    const joinder = await import(form.dataset.module);
    const parts = [...list.children].flatMap((subject, index) => readSubject(joinder, typed(subject, index)));
    if (!joinder.matchKeysOf(parts).length) throw new Trouble("Enter at least one name or identifier.", list);
    const cases = [{
      source_system: form.elements.namedItem("source_system").value.trim(),
      external_id: form.elements.namedItem("external_id").value.trim(),
    }];
    return makeTokens(joinder, parts, { csrf: form.dataset.csrf, reason, cases });
  };

  document.getElementById("no-script").remove(); // it said so while nothing here had run

  form.addEventListener("submit", async (event) => {
    if ((spares && event.submitter?.id === spares) || hidden.value) return;
    event.preventDefault();
    button.disabled = true;
    document.getElementById("said").textContent = "Scrambling identifiers.";
    trouble.textContent = "";
    try {
      hidden.value = JSON.stringify(await tokens());
      list.replaceChildren(); // what was typed goes before anything is sent
      form.submit();
    } catch (error) {
      trouble.textContent = error instanceof Trouble
        ? error.message
        : "The identifiers could not be scrambled. Nothing was sent. Try again.";
      (error.field ?? trouble).focus();
      button.disabled = false;
    }
  });

  const adders = { "add-person": "person", "add-organization": "organization" };
  for (const [id, kind] of Object.entries(adders)) {
    const adder = document.getElementById(id);
    adder.addEventListener("click", () => addSubject(kind).querySelector("input").focus());
    adder.hidden = Boolean(hidden.value);
  }
  const kept = document.getElementById("kept");
  const begin = () => {
    hidden.value = "";
    if (kept) kept.hidden = true;
    for (const id of Object.keys(adders)) document.getElementById(id).hidden = false;
    addIdentifier(addSubject("person"));
  };
  document.getElementById("forget")?.addEventListener("click", begin);
  if (hidden.value && kept) kept.hidden = false;
  else begin();
}
