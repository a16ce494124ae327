// The office's side of the verifiable OPRF of RFC 9497, suite ristretto255-SHA512.
//
// As in app/identifiers/oprf.py, the result is the element N = k * H(x), not the hash of it.
import { ristretto255, ristretto255_oprf } from "@noble/curves/ed25519.js";
import { OprfError } from "./errors.mjs";

const { voprf } = ristretto255_oprf;
const { Point } = ristretto255;

/** Most elements under one proof, and in one request to the evaluator. */
export const MAX_BATCH = 1000;

/**
 * Blind a batch, each input with a fresh random scalar.
 *
 * Send `elements`, keep the rest in memory only; `finalize` overwrites inputs and blinds.
 */
export function blind(inputs) {
  if (inputs.length < 1 || inputs.length > MAX_BATCH) throw new OprfError("batch-size");
  const pairs = inputs.map((input) => voprf.blind(input));
  return {
    inputs,
    blinds: pairs.map((pair) => pair.blind),
    elements: pairs.map((pair) => pair.blinded),
  };
}

/**
 * Verify the evaluator's proof, then take the blinding away.
 *
 * `publicKey` is the one pinned, never one sent along with the answer. Returns N for each input,
 * 32 bytes. Spends the blinds, also when it throws.
 */
export function finalize(publicKey, blinded, evaluated, proof) {
  const { inputs, blinds, elements } = blinded;
  try {
    if (!blinds.length || blinds.length !== evaluated.length) {
      throw new OprfError("answer-invalid");
    }
    const items = inputs.map((input, index) => ({
      input,
      blind: blinds[index],
      blinded: elements[index],
      evaluated: evaluated[index],
    }));
    try {
      voprf.finalizeBatch(items, publicKey, proof); // verifies; it returns the hash, not N
    } catch {
      throw new OprfError("proof-invalid"); // or an element that is none: do not trust either
    }
    return items.map((item) => {
      const inverse = Point.Fn.inv(Point.Fn.fromBytes(item.blind));
      return Point.fromBytes(item.evaluated).multiply(inverse).toBytes();
    });
  } finally {
    for (const secret of [...blinds, ...inputs]) secret.fill(0);
    blinded.blinds = [];
    blinded.inputs = [];
  }
}
