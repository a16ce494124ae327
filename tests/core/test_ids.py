import time
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.ids import new_id, parse_public_id, public_id


class TestNewId:
    def test_is_ordered_by_time_and_never_repeats(self) -> None:
        made = [new_id() for _ in range(2000)]
        assert sorted(made) == made
        assert len(set(made)) == len(made)

    def test_is_a_uuid_of_version_7_of_now(self) -> None:
        made = new_id()
        assert type(made) is UUID
        assert made.version == 7
        assert abs((made.int >> 80) / 1000 - time.time()) < 5


class TestPublicId:
    @given(st.uuids())
    def test_comes_back(self, value: UUID) -> None:
        assert parse_public_id("ovl", public_id("ovl", value)) == value

    @pytest.mark.parametrize(
        "text",
        [
            *("", "ovl", "ovl_", "_" + "0" * 32, "0" * 32, "hnd_" + "0" * 32, "ovl_" + "0" * 31),
            *("ovl_" + "0" * 33, "ovl_" + "A" * 32, "ovl_" + "g" * 32, "ovl_" + "0" * 32 + "\n"),
            *("OVL_" + "0" * 32, "ovl__" + "0" * 32, "ovl_" + "\uff10" * 32, " ovl_" + "0" * 32),
            "ovl_00000000-0000-0000-0000-000000000000",
        ],
    )
    def test_anything_else_is_none(self, text: str) -> None:
        assert parse_public_id("ovl", text) is None

    @given(st.text(max_size=40))
    def test_any_text_is_read_or_none(self, text: str) -> None:
        value = parse_public_id("ovl", text)
        assert value is None or public_id("ovl", value) == text
