"""What other methods reach on the same records: one exact hash, CLK with anonlink, and Splink.

A peer that is not installed (dependency group `linkage`) raises ImportError where it is used.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from time import process_time
from typing import Any, Final

from app.identifiers.birth_dates import parse_birth_date
from app.identifiers.errors import IdentifierError
from app.identifiers.names import fold
from tests.bench.linkage.records import LinkageSet, Quality, Record

CLK_LEAST: Final = 0.7
"""Similarity below which pairs are not looked at."""


@dataclass(frozen=True)
class Scored:
    """Pairs of a peer as (score, truth), the highest first, and the processor time it took."""

    pairs: Sequence[tuple[float, bool]]
    seconds: float

    def quality(self, linked: LinkageSet, threshold: float) -> Quality:
        """Return the quality of the pairs at or above a threshold."""
        kept = [is_true for score, is_true in self.pairs if score >= threshold]
        return Quality(len(kept), sum(kept), linked.true_pairs)

    def best(self, linked: LinkageSet) -> tuple[float, float]:
        """Return the best F1 of this set, and the threshold that gives it."""
        best, right = (0.0, 1.0), 0
        for found, (score, is_true) in enumerate(self.pairs, start=1):
            right += is_true
            best = max(best, (Quality(found, right, linked.true_pairs).f1, score))
        return best


def exact_hash(linked: LinkageSet, fields: Collection[str]) -> Scored:
    """Join on one value of folded first name, last name and date of birth."""
    began = process_time()
    held: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, record in enumerate(linked.right):
        held[_plain(record, fields)[:3]].append(number)
    pairs = [
        (1.0, linked.is_true(mine, theirs))
        for mine, record in enumerate(linked.mine)
        if all(key := _plain(record, fields)[:3])
        for theirs in held[key]
        if linked.counts(mine, theirs)
    ]
    return Scored(pairs, process_time() - began)


def clk(linked: LinkageSet, fields: Collection[str]) -> Scored:
    """Compare Bloom filters of bigrams (clkhash) by Dice coefficient (anonlink)."""
    from anonlink.candidate_generation import find_candidate_pairs  # noqa: PLC0415
    from anonlink.similarities import dice_coefficient  # noqa: PLC0415

    began = process_time()
    mine = _filters(linked.mine, fields)
    theirs = mine if linked.theirs is None else _filters(linked.right, fields)
    found = find_candidate_pairs([mine, theirs], dice_coefficient, CLK_LEAST)
    scores, _, (low, high) = found
    return _ranked(linked, zip(scores, low, high, strict=True), began)


def _filters(records: Sequence[Record], fields: Collection[str]) -> Any:
    from clkhash.clk import generate_clks  # noqa: PLC0415
    from clkhash.comparators import NgramComparison  # noqa: PLC0415
    from clkhash.field_formats import (  # noqa: PLC0415
        BitsPerFeatureStrategy,
        FieldHashingProperties,
        StringSpec,
    )
    from clkhash.schema import Schema  # noqa: PLC0415

    rows = [_plain(record, fields) for record in records]
    hashing = FieldHashingProperties(
        comparator=NgramComparison(2), strategy=BitsPerFeatureStrategy(200)
    )
    schema = Schema([StringSpec(str(place), hashing) for place in range(len(rows[0]))], 1024)
    return generate_clks(rows, schema, b"bench")


def splink(linked: LinkageSet, fields: Collection[str]) -> Scored:
    """Score plaintext with Splink: Jaro-Winkler names with term frequencies, its own EM."""
    import logging  # noqa: PLC0415

    import pandas as pd  # noqa: PLC0415
    import splink.comparison_library as compare  # noqa: PLC0415
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on  # noqa: PLC0415

    logging.getLogger("splink").setLevel(logging.ERROR)
    began = process_time()
    columns = ("first", "last", "born", "middle", "street", "postcode", "ssn")
    frames = [
        pd.DataFrame(
            [
                {"unique_id": number}
                | dict(
                    zip(columns, [value or None for value in _plain(each, fields)], strict=False)
                )
                for number, each in enumerate(records)
            ]
        )
        for records in ([linked.mine] if linked.theirs is None else [linked.mine, linked.right])
    ]
    used = [
        column
        for column in columns
        if all(frame.get(column, pd.Series()).notna().any() for frame in frames)
    ]
    library = {
        "first": compare.JaroWinklerAtThresholds("first", [0.92, 0.8]).configure(
            term_frequency_adjustments=True
        ),
        "last": compare.JaroWinklerAtThresholds("last", [0.92, 0.8]).configure(
            term_frequency_adjustments=True
        ),
        "born": compare.DamerauLevenshteinAtThresholds("born", [1, 2]),
        "middle": compare.ExactMatch("middle"),
        "street": compare.JaroWinklerAtThresholds("street", [0.92, 0.8]),
        "postcode": compare.ExactMatch("postcode"),
        "ssn": compare.DamerauLevenshteinAtThresholds("ssn", [1]),
    }
    rules = [
        block_on("born"), block_on("first", "last"),
        block_on("last", "substr(born, 1, 4)"), block_on("first", "substr(born, 1, 4)"),
        block_on("last", "substr(born, 5, 4)"), block_on("first", "substr(born, 5, 4)"),
        *([block_on("ssn")] if "ssn" in used else []),
        *([block_on("street", "postcode")] if "street" in used else []),
    ]  # fmt: skip
    settings = SettingsCreator(
        link_type="dedupe_only" if linked.theirs is None else "link_only",
        comparisons=[library[column] for column in used],
        blocking_rules_to_generate_predictions=[
            rule for rule in rules if "born" in used or "born" not in str(rule)
        ],
    )
    database = DuckDBAPI()
    linker = Linker([database.register(frame) for frame in frames], settings)
    training = linker.training
    training.estimate_probability_two_random_records_match([block_on("first", "last")], recall=0.6)
    training.estimate_u_using_random_sampling(max_pairs=1e6)
    known: list[list[str]] = [[column] for column in ("born", "ssn") if column in used]
    for rule in [*known[:1], ["first", "last"]]:
        training.estimate_parameters_using_expectation_maximisation(block_on(*rule))
    found = linker.inference.predict(threshold_match_probability=0.01).as_pandas_dataframe()
    triples = zip(found["match_weight"], found["unique_id_l"], found["unique_id_r"], strict=True)
    if linked.theirs is None:
        triples = ((weight, *sorted(pair)) for weight, *pair in triples)  # type: ignore[assignment]
    return _ranked(linked, triples, began)


def _ranked(linked: LinkageSet, triples: Any, began: float) -> Scored:
    seconds = process_time() - began
    pairs = [
        (float(score), linked.is_true(int(mine), int(theirs)))
        for score, mine, theirs in triples
        if linked.counts(int(mine), int(theirs))
    ]
    return Scored(sorted(pairs, reverse=True), seconds)


def _plain(record: Record, fields: Collection[str]) -> tuple[str, ...]:
    """Return what the peers compare: first, last, born, middle, then address and number."""
    values = [fold(record.given), fold(record.surname), _born(record.born), fold(record.middle)[:1]]
    if "address" in fields:
        values += [fold(f"{record.number} {record.street}").strip(), record.postcode]
    else:
        values += ["", ""] if "ssn" in fields else []
    if "ssn" in fields:
        values += [record.ssn.replace("-", "")]
    return tuple(values)


def _born(text: str) -> str:
    try:
        return parse_birth_date(text).full or text
    except IdentifierError:
        return text


PEERS: Final = {"exact hash": exact_hash, "CLK": clk, "Splink": splink}


def carried(runs: Sequence[tuple[LinkageSet, Scored]]) -> float:
    """Return the threshold with the best mean F1 over the tuning sets, one of 21 steps."""
    bests = [scored.best(linked)[1] for linked, scored in runs]
    low, high = min(bests), max(bests)
    steps = [low + (high - low) * step / 20 for step in range(21)]
    return max(steps, key=lambda at: sum(each.quality(linked, at).f1 for linked, each in runs))
