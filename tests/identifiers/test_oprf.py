from collections.abc import Callable, Sequence

import pytest
import voprf.ristretto as oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from app.identifiers import dleq, oprf, ristretto, suite
from app.identifiers.oprf import Blinded, ElementError, KeyPair, OprfError, ProofError
from tests.identifiers.rfc9497 import VERIFIABLE, check_vectors

SEED = bytes(range(32))
KEYS = oprf.key_for(SEED, "person", 1)
INPUTS = [b"one", b"two", b"three"]

IDENTITY = bytes(32)
NOT_CANONICAL = ristretto.ORDER.to_bytes(32, "little")[:31] + b"\xff"
SHORT = oprf.blind([b"x"]).elements[0][:31]

BAD_ELEMENTS = pytest.mark.parametrize(
    "bad",
    [IDENTITY, NOT_CANONICAL, SHORT, SHORT + b"\x00\x00", b""],
    ids=["identity", "not canonical", "short", "long", "empty"],
)


def exchange(keys: KeyPair, inputs: Sequence[bytes]) -> list[bytes]:
    blinded = oprf.blind(inputs)
    evaluated, proof = oprf.evaluate(keys, blinded.elements)
    return oprf.finalize(keys.public, blinded, evaluated, proof)


class TestRfcVectors:
    def test_all(self) -> None:
        check_vectors()

    def test_domain_separation_tag(self) -> None:
        assert (b"HashToGroup-" + suite.CONTEXT).hex() == VERIFIABLE["groupDST"]


class TestOracle:
    """The Rust package `voprf` shares no code with ours."""

    def setup_method(self) -> None:
        self.oracle = oracle.Evaluator.from_seed(SEED, b"joinder/v1/key/person/1")

    def test_same_keys(self) -> None:
        assert self.oracle.public_key.serialize() == KEYS.public

    def test_same_outputs(self) -> None:
        for private_input, element in zip(INPUTS, exchange(KEYS, INPUTS), strict=True):
            theirs = self.oracle.evaluate_known_input(private_input)
            assert oprf.rfc_output(private_input, element) == theirs

    def test_our_office_and_its_evaluator(self) -> None:
        blinded = oprf.blind(INPUTS)
        questions = [oracle.BlindedInput.deserialize(element) for element in blinded.elements]
        answer = bytes(self.oracle.evaluate_batch(questions).serialize())
        proof, rest = answer[: dleq.PROOF_BYTES], answer[dleq.PROOF_BYTES :]
        evaluated = [rest[at : at + 32] for at in range(0, len(rest), 32)]
        elements = oprf.finalize(KEYS.public, blinded, evaluated, proof)
        assert elements == exchange(KEYS, INPUTS)

    def test_its_office_and_our_evaluator(self) -> None:
        offices, questions = zip(*map(oracle.Client.blind, INPUTS), strict=True)
        evaluated, proof = oprf.evaluate(KEYS, [question.serialize() for question in questions])
        answer = oracle.VerifiableBatchOutput.deserialize(proof + b"".join(evaluated))
        public = oracle.PublicKey.deserialize(KEYS.public)
        outputs = oracle.Client.finalize_batch(list(offices), answer, public)
        elements = exchange(KEYS, INPUTS)
        assert list(map(bytes, outputs)) == list(map(oprf.rfc_output, INPUTS, elements))


class TestKeys:
    def test_class_and_epoch_change_them(self) -> None:
        pairs = {
            oprf.key_for(SEED, key_class, epoch).public
            for key_class in ("person", "tel", "addr")
            for epoch in (1, 2)
        }
        assert len(pairs) == 6

    @pytest.mark.parametrize("length", [0, 31, 33])
    def test_seed_of_another_length_is_refused(self, length: int) -> None:
        with pytest.raises(OprfError):
            oprf.derive_key_pair(bytes(length), b"")

    def test_repr_hides_the_secret(self) -> None:
        assert "secret" not in repr(KEYS)
        assert repr(KEYS.secret) not in repr(KEYS)


class TestBlind:
    def test_is_random(self) -> None:
        assert oprf.blind([b"x"]).elements != oprf.blind([b"x"]).elements

    @pytest.mark.parametrize("size", [0, oprf.MAX_BATCH + 1])
    def test_batch_size(self, size: int) -> None:
        with pytest.raises(OprfError, match="1 to 1000"):
            oprf.blind([b"x"] * size)

    def test_input_length(self) -> None:
        oprf.blind([bytes(65535)])
        with pytest.raises(OprfError, match="65535"):
            oprf.blind([bytes(65536)])

    def test_repr_shows_nothing(self) -> None:
        assert repr(oprf.blind([b"x"])) == "Blinded()"


class TestEvaluate:
    @BAD_ELEMENTS
    @pytest.mark.parametrize("index", [0, 2])
    def test_names_the_bad_element(self, bad: bytes, index: int) -> None:
        elements = oprf.blind(INPUTS).elements
        elements[index] = bad
        with pytest.raises(ElementError) as caught:
            oprf.evaluate(KEYS, elements)
        assert caught.value.index == index
        assert not bad or bad.hex() not in str(caught.value)

    @pytest.mark.parametrize("size", [0, oprf.MAX_BATCH + 1])
    def test_batch_size(self, size: int) -> None:
        with pytest.raises(OprfError, match="1 to 1000"):
            oprf.evaluate(KEYS, [KEYS.public] * size)

    def test_largest_batch(self) -> None:
        evaluated, proof = oprf.evaluate(KEYS, [KEYS.public] * oprf.MAX_BATCH)
        assert len(evaluated) == oprf.MAX_BATCH
        assert dleq.verify(KEYS.public, [KEYS.public] * oprf.MAX_BATCH, evaluated, proof)

    def test_proofs_differ(self) -> None:
        assert oprf.evaluate(KEYS, [KEYS.public])[1] != oprf.evaluate(KEYS, [KEYS.public])[1]


class TestFinalize:
    def setup_method(self) -> None:
        self.blinded = oprf.blind(INPUTS)
        self.evaluated, self.proof = oprf.evaluate(KEYS, self.blinded.elements)

    def finalize(
        self,
        *,
        public: bytes = KEYS.public,
        blinded: Blinded | None = None,
        evaluated: Sequence[bytes] | None = None,
        proof: bytes | None = None,
    ) -> list[bytes]:
        return oprf.finalize(
            public,
            self.blinded if blinded is None else blinded,
            self.evaluated if evaluated is None else evaluated,
            self.proof if proof is None else proof,
        )

    def test_gives_k_times_the_hash(self) -> None:
        expected = [ristretto.multiply(KEYS.secret, suite.hash_to_group(x)) for x in INPUTS]
        assert self.finalize() == expected

    def test_does_not_depend_on_the_batch(self) -> None:
        assert self.finalize() == [exchange(KEYS, [x])[0] for x in INPUTS]

    def test_blinds_serve_once(self) -> None:
        self.finalize()
        assert self.blinded.blinds == []
        with pytest.raises(OprfError):
            self.finalize()

    def test_a_failure_spends_the_blinds_too(self) -> None:
        with pytest.raises(ProofError):
            self.finalize(proof=bytes(64))
        assert self.blinded.blinds == []

    @given(bit=st.integers(0, 64 * 8 - 1))
    @settings(max_examples=20, deadline=None)
    def test_any_flipped_bit_of_the_proof(self, bit: int) -> None:
        flipped = bytearray(self.proof)
        flipped[bit // 8] ^= 1 << bit % 8
        assert not dleq.verify(KEYS.public, self.blinded.elements, self.evaluated, bytes(flipped))

    @pytest.mark.parametrize("length", [0, 32, 63, 65])
    def test_proof_of_another_length(self, length: int) -> None:
        with pytest.raises(ProofError):
            self.finalize(proof=(self.proof + b"\x00")[:length])

    @pytest.mark.parametrize("half", [0, 1])
    def test_scalar_that_is_not_reduced(self, half: int) -> None:
        scalars = [self.proof[:32], self.proof[32:]]
        larger = int.from_bytes(scalars[half], "little") + ristretto.ORDER
        scalars[half] = larger.to_bytes(32, "little")
        with pytest.raises(ProofError):
            self.finalize(proof=b"".join(scalars))

    @pytest.mark.parametrize(
        "change",
        [
            lambda d: [d[1], d[0], d[2]],
            lambda d: [d[0], d[1], d[1]],
            lambda d: [d[0], d[1], ristretto.add(d[2], KEYS.public)],
        ],
        ids=["swapped", "repeated", "shifted"],
    )
    def test_other_elements(self, change: Callable[[list[bytes]], list[bytes]]) -> None:
        with pytest.raises(ProofError):
            self.finalize(evaluated=change(self.evaluated))

    def test_compensating_errors_do_not_cancel(self) -> None:
        ours, opposite = (
            KEYS.public,
            ristretto.multiply(
                ristretto.scalar_subtract(bytes(32), (1).to_bytes(32, "little")), KEYS.public
            ),
        )
        first, second, third = self.evaluated
        changed = [ristretto.add(first, ours), ristretto.add(second, opposite), third]
        with pytest.raises(ProofError):
            self.finalize(evaluated=changed)

    @pytest.mark.parametrize(
        "other",
        [
            oprf.key_for(SEED, "tel", 1),
            oprf.key_for(SEED, "person", 2),
            oprf.key_for(bytes(32), "person", 1),
        ],
        ids=["class", "epoch", "seed"],
    )
    def test_other_key(self, other: KeyPair) -> None:
        with pytest.raises(ProofError):
            self.finalize(public=other.public)
        blinded = oprf.blind(INPUTS)
        evaluated, proof = oprf.evaluate(other, blinded.elements)
        with pytest.raises(ProofError):
            self.finalize(blinded=blinded, evaluated=evaluated, proof=proof)

    @pytest.mark.parametrize(
        "public", [IDENTITY, NOT_CANONICAL, SHORT], ids=["identity", "not canonical", "short"]
    )
    def test_public_key_that_is_none(self, public: bytes) -> None:
        with pytest.raises(ProofError):
            self.finalize(public=public)

    @BAD_ELEMENTS
    def test_names_the_bad_element(self, bad: bytes) -> None:
        self.evaluated[1] = bad
        with pytest.raises(ElementError) as caught:
            self.finalize()
        assert caught.value.index == 1

    @pytest.mark.parametrize("size", [0, 2, 4])
    def test_answer_of_another_length(self, size: int) -> None:
        with pytest.raises(OprfError, match="length"):
            self.finalize(evaluated=[*self.evaluated, KEYS.public][:size])


class TestAlgebra:
    """What rotation of the key, and its division between custodians, rest on."""

    def test_new_key_without_the_offices(self) -> None:
        new = oprf.key_for(SEED, "person", 2)
        delta = ristretto.scalar_multiply(new.secret, ristretto.scalar_invert(KEYS.secret))
        lifted = [ristretto.multiply(delta, element) for element in exchange(KEYS, INPUTS)]
        assert lifted == exchange(new, INPUTS)

    def test_key_in_two_parts(self) -> None:
        one, two = oprf.key_for(SEED, "one", 1), oprf.key_for(SEED, "two", 1)
        whole = KeyPair(
            ristretto.scalar_add(one.secret, two.secret), ristretto.add(one.public, two.public)
        )
        parts = zip(exchange(one, INPUTS), exchange(two, INPUTS), strict=True)
        assert [ristretto.add(left, right) for left, right in parts] == exchange(whole, INPUTS)

    @given(st.lists(st.integers(1, ristretto.ORDER - 1), min_size=1, max_size=8))
    def test_inverting_all_is_inverting_each(self, values: list[int]) -> None:
        scalars = [value.to_bytes(32, "little") for value in values]
        assert oprf._invert_all(scalars) == [ristretto.scalar_invert(s) for s in scalars]


def test_is_element() -> None:
    assert oprf.is_element(KEYS.public)
    assert not any(map(oprf.is_element, (IDENTITY, NOT_CANONICAL, SHORT, b"")))
