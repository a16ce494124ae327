"""The corpus of attacks on JWTs: each refused, quickly, and as a refusal."""

import time
from itertools import product
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from app.core.jwt import (
    AccessVerifier,
    JwtError,
    assertion_client,
    verify_assertion,
)
from tests.core.forgery import (
    CLIENT,
    ISSUER,
    KEY,
    KID,
    NOW,
    Json,
    access_claims,
    access_header,
    assertion_claims,
    assertion_header,
    hostile_headers,
    hostile_texts,
    signed,
)
from tests.naming import naming

NOT_TIMES: list[Any] = [
    *(None, "", str(NOW + 60), float(NOW + 60), True, False, [NOW], {}),
    *(float("inf"), float("-inf"), float("nan"), 1e308, 10**400),
]
WRONG_TEXTS: list[Any] = [..., None, "", "wrong", 1, True, [], {}]


def verifier(*jwks: dict[str, Any]) -> AccessVerifier:
    return AccessVerifier({"keys": list(jwks or [KEY.public_jwk])}, issuer=ISSUER, audience=ISSUER)


def refuses(token: str, *, now: int = NOW) -> None:
    with pytest.raises(JwtError) as caught:
        verifier().verify(token, now=now)
    assert str(caught.value) == ""  # it holds no part of the token


def refuses_assertion(assertion: str, *, now: int = NOW) -> None:
    def act() -> None:
        client_id, _ = assertion_client(assertion)
        verify_assertion(assertion, KEY.public_jwk, client_id=client_id, audience=ISSUER, now=now)

    with pytest.raises(JwtError) as caught:
        act()
    assert str(caught.value) == ""


class TestAccessToken:
    def test_minted_is_accepted(self) -> None:
        token = KEY.mint_access(
            issuer=ISSUER,
            audience=ISSUER,
            client_id=CLIENT,
            scopes=["a", "b"],
            jti="1" * 32,
            now=NOW,
        )
        claims = verifier().verify(token, now=NOW)
        assert (claims.client_id, claims.scopes, claims.expires) == (
            CLIENT,
            frozenset("ab"),
            NOW + 600,
        )
        assert len(token) < 1000

    def test_the_forger_of_these_tests_makes_good_ones(self) -> None:
        assert verifier().verify(signed(access_header(), access_claims()), now=NOW)

    def test_hostile_header(self) -> None:
        for name, header in hostile_headers().items():
            with naming(name):
                refuses(signed(header, access_claims()))

    def test_hostile_text(self) -> None:
        for name, token in hostile_texts(signed(access_header(), access_claims())).items():
            with naming(name):
                started = time.thread_time()
                refuses(token)
                assert time.thread_time() - started < 0.25, "a refusal must be quick"

    @pytest.mark.parametrize("text", ["A", ".", "é", "A.A.A"])
    def test_thirty_megabytes_are_not_even_hashed(self, text: str) -> None:
        token = text * (30_000_000 // len(text))
        started = time.thread_time()
        refuses(token)
        refuses_assertion(token)
        assert time.thread_time() - started < 0.05

    @pytest.mark.parametrize(
        ("names", "values"),
        [
            (["exp", "iat", "nbf"], [..., *NOT_TIMES]),
            (["iss", "aud", "sub", "client_id"], WRONG_TEXTS),
            (["scope", "jti"], [..., None, 1, [], {}]),
        ],
    )
    def test_wrong_claim(self, names: list[str], values: list[Any]) -> None:
        for claim in product(names, values):
            with naming(claim):
                refuses(signed(access_header(), access_claims(**dict([claim]))))

    @pytest.mark.parametrize("audience", [[ISSUER], [ISSUER, "https://other.test"], ISSUER + "/"])
    def test_audience_is_one_exact_string(self, audience: Any) -> None:
        refuses(signed(access_header(), access_claims(aud=audience)))

    @pytest.mark.parametrize(
        ("changes", "now"),
        [
            ({"iat": NOW + 365 * 86400, "exp": NOW + 365 * 86400 + 600}, NOW),
            ({"iat": NOW + 31, "nbf": NOW + 31}, NOW),
            ({"nbf": NOW + 31}, NOW),
            ({"exp": NOW + 601}, NOW),
            ({"exp": NOW}, NOW),
            ({}, NOW + 630),
            ({"iat": NOW - 86400}, NOW),
            ({"iat": 0, "nbf": 0, "exp": 600}, NOW),
            ({"iat": -1, "nbf": -1, "exp": -1}, NOW),
        ],
    )
    def test_outside_its_life(self, changes: dict[str, int], now: int) -> None:
        refuses(signed(access_header(), access_claims(**changes)), now=now)

    def test_leeway_is_thirty_seconds(self) -> None:
        token = signed(access_header(), access_claims())
        assert verifier().verify(token, now=NOW - 30)
        assert verifier().verify(token, now=NOW + 629)

    @pytest.mark.parametrize(
        "claims",
        [
            '{"iss":"x","iss":"y"}',
            "[" * 1300,
            '{"exp":' + "9" * 2000 + "}",
            "[]",
            "null",
            '"text"',
            "",
            b"\xff",
            b"\x00",
            '{"a":"\\ud800"}',
        ],
        ids=lambda claims: repr(claims[:20]),
    )
    def test_hostile_payload(self, claims: Json) -> None:
        refuses(signed(access_header(), claims))

    @pytest.mark.parametrize("name", access_claims())
    def test_claim_twice(self, name: str) -> None:
        text = str(access_claims()).replace("'", '"')
        assert verifier().verify(signed(access_header(), text), now=NOW)
        refuses(signed(access_header(), "{" + f'"{name}": "first", ' + text[1:]))

    def test_duplicate_name_spelled_with_an_escape(self) -> None:
        text = str(access_claims()).replace("'", '"')
        refuses(signed(access_header(), '{"\\u0061ud": "first", ' + text[1:]))

    def test_not_a_number_anywhere(self) -> None:
        refuses(signed(access_header(), access_claims(note=float("nan"))))

    def test_signed_by_another_key(self) -> None:
        other = ec.generate_private_key(ec.SECP256R1())
        refuses(signed(access_header(), access_claims(), other))

    @pytest.mark.parametrize("field", [("use", "enc"), ("alg", "ES384"), ("key_ops", ["sign"])])
    def test_key_for_another_use(self, field: tuple[str, Any]) -> None:
        jwk = {**KEY.public_jwk, field[0]: field[1]}
        with pytest.raises(JwtError):
            verifier(jwk).verify(signed(access_header(), access_claims()), now=NOW)

    def test_assertion_is_not_an_access_token(self) -> None:
        refuses(signed(assertion_header(), access_claims()))

    @given(st.data())
    def test_one_changed_character(self, data: st.DataObject) -> None:
        token = signed(access_header(), access_claims())
        place = data.draw(st.integers(0, len(token) - 1))
        changed = data.draw(st.sampled_from("Aa0_-.=") | st.characters())
        if changed != token[place]:
            refuses(token[:place] + changed + token[place + 1 :])

    @given(st.text(max_size=300) | st.from_regex(r"[A-Za-z0-9_.-]{0,300}"))
    def test_any_text(self, text: str) -> None:
        refuses(text)

    def test_an_accepted_one_is_remembered_until_it_expires(self) -> None:
        remembering = verifier()
        token = signed(access_header(), access_claims())
        assert remembering.verify(token, now=NOW) is remembering.verify(token, now=NOW + 1)
        with pytest.raises(JwtError):
            remembering.verify(token, now=NOW + 630)

    def test_remembers_a_bounded_number(self) -> None:
        remembering = verifier()
        claims = remembering.verify(signed(access_header(), access_claims()), now=NOW)
        remembering._seen.update((n.to_bytes(2, "big"), claims) for n in range(4096))
        remembering.verify(signed(access_header(), access_claims(jti="another one")), now=NOW)
        assert len(remembering._seen) == 4096


class TestAssertion:
    def test_good_one_gives_its_jti_and_expiry(self) -> None:
        assertion = signed(assertion_header(), assertion_claims())
        assert assertion_client(assertion) == (CLIENT, KID)
        assert verify_assertion(
            assertion, KEY.public_jwk, client_id=CLIENT, audience=ISSUER, now=NOW
        ) == (assertion_claims()["jti"], NOW + 60)

    def test_hostile_header(self) -> None:
        for name, header in hostile_headers().items():
            with naming(name):
                refuses_assertion(signed(header, assertion_claims()))

    def test_hostile_text(self) -> None:
        good = signed(assertion_header(), assertion_claims())
        for name, assertion in hostile_texts(good).items():
            with naming(name):
                refuses_assertion(assertion)

    @pytest.mark.parametrize(
        ("names", "values"),
        [(["exp", "iat"], [..., 0, -1, *NOT_TIMES]), (["iss", "sub", "aud"], WRONG_TEXTS)],
    )
    def test_wrong_claim(self, names: list[str], values: list[Any]) -> None:
        for claim in product(names, values):
            with naming(claim):
                refuses_assertion(signed(assertion_header(), assertion_claims(**dict([claim]))))

    @pytest.mark.parametrize(
        "jti", [..., None, 1, "", "short", "x" * 129, "\ud800" * 8, "\u00e9" * 8, ["12345678"]]
    )
    def test_wrong_jti(self, jti: Any) -> None:
        refuses_assertion(signed(assertion_header(), assertion_claims(jti=jti)))

    @pytest.mark.parametrize(
        "changes",
        [
            {"aud": [ISSUER]},
            {"aud": ISSUER + "/v1/oauth/token"},
            {"exp": NOW + 61},
            {"iat": NOW - 120, "exp": NOW - 60},
            {"iat": NOW + 31, "exp": NOW + 60},
            {"nbf": NOW + 31},
            {"nbf": "now"},
        ],
    )
    def test_broken_rule(self, changes: dict[str, Any]) -> None:
        refuses_assertion(signed(assertion_header(), assertion_claims(**changes)))

    def test_access_token_is_not_an_assertion(self) -> None:
        refuses_assertion(signed(access_header(), assertion_claims()))

    def test_another_clients_assertion(self) -> None:
        assertion = signed(assertion_header(), assertion_claims())
        with pytest.raises(JwtError):
            verify_assertion(assertion, KEY.public_jwk, client_id="other", audience=ISSUER, now=NOW)
