import asyncio
import threading
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import UnavailableError
from app.core.settings import RegistrySettings
from app.people import passwords
from app.people.errors import PasswordError
from app.people.passwords import Hasher

NAMES = ("CA019000A", "Sample County District Attorney", "duty.deputy", "Alex Quillon")


class TestCheck:
    @pytest.mark.parametrize(
        "password",
        ["seven green bicycles asleep", "Zugspitze 2962 m", "пять слов на разных", "k7#Vq!p2"],
    )
    def test_what_nobody_would_guess_is_good(self, password: str) -> None:
        passwords.check(password, NAMES)

    @pytest.mark.parametrize(
        "password",
        [
            "seven77",
            "password",
            "PassWord",
            "passwordpassword",
            "passwordpasswordpass",
            "aaaaaaaaaaaaaaaaaaaa",
            "abcabcabcabcabcabc",
            "1234567890",
            "".join(chr(ord(letter) + 0xFEE0) for letter in "password"),
            "Joinder Joinder Joinder!",
            "ca019000a-sample-county",
            "AlexQuillon2026",
            "deputyduty sample 1",
        ],
    )
    def test_what_somebody_would_guess_is_not(self, password: str) -> None:
        with pytest.raises(PasswordError) as refused:
            passwords.check(password, NAMES)
        assert password not in refused.value.detail

    def test_list_is_long_and_common(self) -> None:
        common = passwords._common()
        assert len(common) == 5000
        assert min(map(len, common)) == 8
        assert "trustno1" in common


class TestHasher:
    @pytest.fixture(scope="class")
    @staticmethod
    def hasher() -> Hasher:
        return Hasher(memory_kib=8, passes=1)

    async def test_production_values(self) -> None:
        fields = RegistrySettings.model_fields
        memory, passes = fields["password_memory_kib"].default, fields["password_passes"].default
        hasher = Hasher(memory_kib=memory, passes=passes)
        digest = await hasher.digest("seven green bicycles asleep")
        assert digest.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
        assert await hasher.is_right(digest, "seven green bicycles asleep")
        assert not await hasher.is_right(digest, "seven green bicycles awake")
        assert not hasher.is_outdated(digest)
        assert Hasher(memory_kib=8, passes=1).is_outdated(digest)

    async def test_nobody_has_no_password(self, hasher: Hasher) -> None:
        assert not await hasher.is_right(None, "of nobody")

    @given(st.text(min_size=1, max_size=20))
    async def test_every_spelling_of_the_same_characters(self, password: str) -> None:
        for form in ("NFC", "NFD", "NFKD"):
            spelled = unicodedata.normalize(form, password)
            assert passwords.normal(spelled) == passwords.normal(password)

    async def test_too_many_at_once_are_sent_away(self, hasher: Hasher) -> None:
        gate, places = threading.Event(), passwords._AT_ONCE + passwords._WAITING
        others = [asyncio.create_task(hasher._turns.run(gate.wait)) for _ in range(places)]
        await asyncio.sleep(0)
        with pytest.raises(UnavailableError):
            await hasher.digest("x")
        gate.set()
        await asyncio.gather(*others)
        assert await hasher.digest("x"), "the places are free again"
