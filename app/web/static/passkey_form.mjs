// Forms that a passkey fills in: it is made, or shows who is there, before the form is sent.

const ceremonies = {
  create: (options) =>
    navigator.credentials.create({
      publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options),
    }),
  get: (options) =>
    navigator.credentials.get({
      publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options),
    }),
};
/** What is said of a refusal, by the name that the browser has for it. */
export const REFUSED = {
  InvalidStateError: "This device has a passkey of yours already.",
  SecurityError: "Passkeys need an address with a name; this one is a number.",
  NotAllowedError: "It was called off, or took too long. Try again.",
};

for (const form of document.querySelectorAll("form[data-ceremony]")) {
  if (!globalThis.PublicKeyCredential?.parseCreationOptionsFromJSON) break;
  form.parentElement.hidden = false;
  const trouble = form.querySelector("[role=alert]");
  const button = form.querySelector("button");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    trouble.textContent = "";
    try {
      const answer = await fetch(form.dataset.options);
      const offered = await answer.json();
      if (!answer.ok) throw new Error(offered.detail);
      const credential = await ceremonies[form.dataset.ceremony](offered.public_key);
      form.elements.credential.value = JSON.stringify(credential);
      form.submit();
    } catch (error) {
      trouble.textContent = REFUSED[error.name] ?? error.message;
      button.disabled = false;
    }
  });
}
