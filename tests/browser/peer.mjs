// Answers, line by line, what tests/browser/peer.py asks of the browser's module.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const TOKENS = new URL("../../app/web/static/tokens.mjs", import.meta.url);
const joinder = await import(pathToFileURL(process.argv[2]));
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
const read = async () => {
  const { value, done } = await lines.next();
  return done ? undefined : JSON.parse(value);
};
const hex = (text) => Uint8Array.from(Buffer.from(text, "hex"));
const toHex = (bytes) => Buffer.from(bytes).toString("hex");

const commands = {
  call: (name, ...args) => joinder[name](...args),
  person: (names, addresses = []) =>
    joinder.personAliases(
      names,
      addresses.map(({ street, postcode, ...rest }) => joinder.placeOf(street, postcode, rest)),
    ),
  export: (name) => joinder[name],
  oprfInput: (key) => toHex(joinder.oprfInput(key)),
  finalize: (publicKey, { inputs, blinds, elements }, evaluated, proof) =>
    joinder
      .finalize(
        hex(publicKey),
        { inputs: inputs.map(hex), blinds: blinds.map(hex), elements: elements.map(hex) },
        evaluated.map(hex),
        hex(proof),
      )
      .map(toHex),
  async typed(subject) {
    const { readSubject } = await import(TOKENS);
    return joinder.matchKeysOf(readSubject(joinder, subject));
  },
  async listed(subject, kind) {
    const { listedKey, readSubject } = await import(TOKENS);
    return listedKey(readSubject(joinder, subject), kind);
  },
  async post(subjects, pins) {
    const evaluate = (body) => {
      say({ evaluate: body });
      return read();
    };
    const tokens = await joinder.tokenize(joinder.matchKeysOf(subjects), evaluate, pins);
    const wire = joinder.wireSubjects(subjects, tokens);
    tokens.wipe();
    return wire;
  },
};

for (let calls = await read(); calls !== undefined; calls = await read()) {
  const answers = [];
  for (const [command, ...args] of calls) {
    try {
      answers.push({ value: (await commands[command](...args)) ?? null });
    } catch (error) {
      if (error.code === undefined) throw error; // not a refusal: a fault, with its stack
      answers.push({ refused: error.code, error: error.name });
    }
  }
  say({ answers });
}
