from itertools import accumulate, pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.client.payload import cut_bulks

ENTRIES = st.lists(st.integers(2, 60).map(lambda size: b"{" + b"x" * (size - 2) + b"}"))


class TestCutBulks:
    @given(ENTRIES, st.integers(1, 5), st.integers(1, 100))
    def test_all_are_in_order_and_bulks_are_as_large_as_both_limits_let_them(
        self, entries: list[bytes], most_cases: int, most_bytes: int
    ) -> None:
        bulks = list(cut_bulks(entries, most_cases=most_cases, most_bytes=most_bytes))
        ends = list(accumulate(count for count, _ in bulks))
        cut = [entries[end - count : end] for end, (count, _) in zip(ends, bulks, strict=True)]
        assert [entry for held in cut for entry in held] == entries
        for held, (_, body) in zip(cut, bulks, strict=True):
            assert body == b'{"cases":[' + b",".join(held) + b"]}"
            assert len(held) == 1 or (
                len(held) <= most_cases and len(b",".join(held)) <= most_bytes
            )
        for held, following in pairwise(cut):
            more = [*held, following[0]]
            assert len(more) > most_cases or len(b",".join(more)) > most_bytes
