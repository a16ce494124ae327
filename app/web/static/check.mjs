// The page that checks a person or organization without posting it.
import { typeSubjects } from "./subjects.mjs";

const form = document.getElementById("check");
typeSubjects(form, { reason: "quick_check", button: document.getElementById("look-up") });
