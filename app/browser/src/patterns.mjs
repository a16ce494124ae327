// What Python means by white space and by \s; String.trim and \s of JavaScript differ in a few.
export const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";

const EDGES = new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, "g");

/** Remove white space from both ends. */
export const strip = (text) => text.replace(EDGES, "");


/** Anchor an expression to a whole text. */
export const whole = (source, flags = "") => new RegExp(`^(?:${source})$`, flags);
