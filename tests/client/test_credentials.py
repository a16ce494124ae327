import stat
import threading
from pathlib import Path

import pytest
from joserfc import jwt

from app.client.credentials import (
    TokenCache,
    create_private_key,
    public_jwk,
    read_private_key,
    sign_assertion,
)
from app.client.errors import UsageError
from tests.client.clock import FakeClock


class TestPrivateKey:
    def test_only_its_owner_reads_it(self, tmp_path: Path) -> None:
        path = tmp_path / "private-key.pem"
        key = create_private_key(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert read_private_key(path).thumbprint() == key.thumbprint()

    def test_is_never_overwritten(self, tmp_path: Path) -> None:
        path = tmp_path / "private-key.pem"
        create_private_key(path)
        before = path.read_bytes()
        with pytest.raises(UsageError):
            create_private_key(path)
        assert path.read_bytes() == before

    def test_exposed_to_others_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "private-key.pem"
        create_private_key(path)
        path.chmod(0o640)
        with pytest.raises(UsageError, match="chmod 600"):
            read_private_key(path)

    @pytest.mark.parametrize("text", ["", "-----BEGIN PRIVATE KEY-----", "{}"])
    def test_something_else_is_refused(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "private-key.pem"
        path.write_text(text)
        path.chmod(0o600)
        with pytest.raises(UsageError):
            read_private_key(path)

    def test_the_public_jwk_holds_nothing_private(self, tmp_path: Path) -> None:
        jwk = public_jwk(create_private_key(tmp_path / "key.pem"))
        assert set(jwk) == {"kty", "crv", "x", "y", "use", "alg", "kid"}


def test_an_assertion_is_for_one_issuer_for_a_minute(tmp_path: Path) -> None:
    key = create_private_key(tmp_path / "key.pem")
    texts = {
        sign_assertion(key, client_id="office-1", issuer="https://registry.test", now=1000.9)
        for _ in range(2)
    }
    tokens = [jwt.decode(text, key, algorithms=["ES256"]) for text in texts]
    assert tokens[0].header == {"alg": "ES256", "kid": key.thumbprint(), "typ": "JWT"}
    claims = tokens[0].claims
    jtis = {token.claims["jti"] for token in tokens}
    assert len(jtis) == 2
    assert claims | {"jti": ""} == {
        "iss": "office-1",
        "sub": "office-1",
        "aud": "https://registry.test",
        "iat": 1000,
        "exp": 1060,
        "jti": "",
    }


class TestTokenCache:
    def test_refreshes_before_expiry_and_per_resource(self, clock: FakeClock) -> None:
        fetched: list[str] = []

        def fetch(resource: str) -> tuple[str, int]:
            fetched.append(resource)
            return f"{resource}-{len(fetched)}", 600

        cache = TokenCache(fetch, clock)
        assert [cache.get("a"), cache.get("a"), cache.get("b")] == ["a-1", "a-1", "b-2"]
        clock.now += 539
        assert cache.get("a") == "a-1"
        clock.now += 1
        assert cache.get("a") == "a-3"
        cache.forget("a", "a-1")
        assert cache.get("a") == "a-3"
        cache.forget("a", "a-3")
        assert cache.get("a") == "a-4"

    def test_threads_share_one_fetch(self, clock: FakeClock) -> None:
        fetched: list[str] = []

        def fetch(resource: str) -> tuple[str, int]:
            fetched.append(resource)
            return "token", 600

        cache = TokenCache(fetch, clock)
        threads = [threading.Thread(target=cache.get, args=("a",)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert fetched == ["a"]
