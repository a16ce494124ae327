// The page that posts a case.
import { typeSubjects } from "./subjects.mjs";

const form = document.getElementById("case");
typeSubjects(form, { reason: "posting", button: document.getElementById("post"), spares: "preview" });
