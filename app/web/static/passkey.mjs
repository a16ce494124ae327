// Signing in with a passkey: the options from the registry, the answer of the authenticator back.
import { REFUSED } from "./passkey_form.mjs";

const part = document.getElementById("passkey-part");
const button = document.getElementById("passkey");
const trouble = document.getElementById("passkey-trouble");

if (part && globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON) {
  part.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    trouble.textContent = "";
    try {
      const offered = await (await fetch("/v1/sign-in/passkey")).json();
      const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(offered.public_key);
      const credential = await navigator.credentials.get({ publicKey });
      const answer = await fetch("/v1/sign-in/passkey", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ credential: credential.toJSON() }),
      });
      if (!answer.ok) throw new Error((await answer.json()).detail);
      location.assign(`/sign-in/notice?next=${encodeURIComponent(button.dataset.next)}`);
    } catch (error) {
      trouble.textContent = REFUSED[error.name] ?? error.message;
      button.disabled = false;
    }
  });
}
