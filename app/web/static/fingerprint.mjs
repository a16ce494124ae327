// Works out the fingerprint of a document. Its file field has no name, so that no form sends it.

for (const place of document.querySelectorAll("[data-fingerprint]")) {
  const field = document.getElementById(place.dataset.fingerprint);
  place.hidden = false;
  place.querySelector("input").addEventListener("change", async ({ target }) => {
    const [file] = target.files;
    if (!file) return;
    const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
    field.value = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    document.getElementById("said").textContent = "The fingerprint is filled in.";
  });
}
