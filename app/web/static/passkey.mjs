// Signing in with a passkey: the options from the registry, the answer of the authenticator back.

const part = document.getElementById("passkey-part");
const button = document.getElementById("passkey");

if (part && globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON) {
  part.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
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
      location.assign("/sign-in/notice");
    } catch (error) {
      document.getElementById("said").textContent = error.message || "That did not work.";
      button.disabled = false;
    }
  });
}
