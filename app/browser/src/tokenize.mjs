import { b64uDecode, b64uEncode, hexDecode, oprfInput } from "./encoding.mjs";
import { OprfError } from "./errors.mjs";
import { KEY_CLASSES } from "./kinds.mjs";
import { MAX_BATCH, blind, finalize } from "./oprf.mjs";

/**
 * Turn match keys into tokens with the evaluator's help; it learns only how many there were.
 *
 * Equal keys are evaluated once. Nothing is returned unless every proof verifies.
 *
 * @param {Iterable<{kind: string, fields: string[]}>} matchKeys
 * @param {(body: object) => Promise<object>} evaluate sends the body of POST /v1/tokens/evaluate
 *   and returns that of the answer
 * @param {{epoch: number, publicKeys: Record<string, string>}} pins the key epoch and, for each
 *   key class, the pinned public key, 64 hexadecimal digits
 * @returns {Promise<Tokens>}
 * @throws {OprfError} `answer-invalid`, `class-unpinned` or `proof-invalid`
 */
export async function tokenize(matchKeys, evaluate, { epoch, publicKeys }) {
  const unique = new Map([...matchKeys].map((key) => [nameOf(key), key]));
  const items = [...unique].sort(([, a], [, b]) => compare(KEY_CLASSES[a.kind], KEY_CLASSES[b.kind]));
  for (const [, { kind }] of items) {
    if (!Object.hasOwn(publicKeys, KEY_CLASSES[kind])) throw new OprfError("class-unpinned");
  }
  const tokens = new Map();
  for (const request of requests(items)) {
    const groups = request.map(([keyClass, group]) => ({
      keyClass,
      names: group.map(([name]) => name),
      blinded: blind(group.map(([, key]) => oprfInput(key))),
    }));
    const answer = await evaluate({
      epoch,
      groups: groups.map(({ keyClass, blinded }) => ({
        key_class: keyClass,
        elements: blinded.elements.map(b64uEncode),
      })),
    });
    const evaluated = readAnswer(answer, epoch, groups);
    groups.forEach(({ keyClass, names, blinded }, index) => {
      const { elements, proof } = evaluated[index];
      const outputs = finalize(hexDecode(publicKeys[keyClass]), blinded, elements, proof);
      outputs.forEach((output, place) => tokens.set(names[place], output));
    });
  }
  return new Tokens(epoch, tokens);
}

/** The tokens of one call of `tokenize`, by match key; call `wipe` once they are posted. */
class Tokens {
  #tokens;

  constructor(epoch, tokens) {
    this.epoch = epoch;
    this.#tokens = tokens;
  }

  /** Return the token of a match key in base64url, as the registry takes it. */
  get(matchKey) {
    return b64uEncode(this.#tokens.get(nameOf(matchKey)));
  }

  /** Overwrite and forget every token. */
  wipe() {
    for (const token of this.#tokens.values()) token.fill(0);
    this.#tokens.clear();
  }
}

const nameOf = ({ kind, fields }) => JSON.stringify([kind, ...fields]);
const compare = (a, b) => (a < b ? -1 : Number(a > b));

/** Cut items, sorted by key class, into requests of at most `MAX_BATCH`, grouped by class. */
function* requests(items) {
  for (let start = 0; start < items.length; start += MAX_BATCH) {
    const groups = new Map();
    for (const item of items.slice(start, start + MAX_BATCH)) {
      const keyClass = KEY_CLASSES[item[1].kind];
      groups.set(keyClass, [...(groups.get(keyClass) ?? []), item]);
    }
    yield [...groups];
  }
}

/** Return elements and proof of each group; their number is checked, the proofs are not yet. */
function readAnswer(answer, epoch, groups) {
  try {
    const read = groups.map(({ keyClass, blinded }) => {
      const [group, ...others] = answer.groups.filter((each) => each.key_class === keyClass);
      if (others.length || group.elements.length !== blinded.elements.length) throw new TypeError();
      return { elements: group.elements.map(b64uDecode), proof: b64uDecode(group.proof) };
    });
    if (answer.epoch !== epoch || answer.groups.length !== groups.length) throw new TypeError();
    return read;
  } catch {
    throw new OprfError("answer-invalid");
  }
}
