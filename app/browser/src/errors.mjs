/**
 * A raw identifier from which no match key can be made.
 *
 * `code` says why, in the words of app/identifiers/errors.py, which also says what to do about
 * each. It never holds the value.
 */
export class IdentifierError extends Error {
  constructor(code) {
    super(code);
    this.name = "IdentifierError";
    this.code = code;
  }
}

/** The exchange with the evaluator cannot go on: use nothing of it, post nothing. */
export class OprfError extends Error {
  /** @param {string} code `answer-invalid`, `batch-size`, `class-unpinned` or `proof-invalid`. */
  constructor(code) {
    super(code);
    this.name = "OprfError";
    this.code = code;
  }
}
