import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.client.config import ClientConfig, check_url
from app.client.errors import TrustError
from app.client.exchange import Exchange, Json
from app.identifiers import kinds, names


@dataclass(frozen=True)
class PublishedKeys:
    """What `GET /v1/oprf/keys` says, its form checked, nothing in it believed yet."""

    match_spec: str
    nicknames: str
    commonness: str
    epoch: int
    evaluator_url: str
    classes: dict[str, str]
    """Key class to public key, 64 hexadecimal digits."""
    previous: "PublishedKeys | None" = None
    """The epoch before, while its tokens are still taken."""
    accepted_until: str = ""
    """Of a previous epoch: until when."""


def fetch_keys(exchange: Exchange, config: ClientConfig) -> PublishedKeys:
    """Return the keys that the registry publishes now.

    Raises:
        TrustError: the answer has another form, or names not exactly one evaluator.
        UsageError: the evaluator's URL is plain http to another computer.
    """
    body = exchange.get_public("/v1/oprf/keys")
    try:
        (evaluator,) = body["evaluators"]
        keys = PublishedKeys(
            match_spec=str(body["match_spec"]),
            nicknames=str(body["nicknames_sha256"]),
            commonness=str(body["commonness_sha256"]),
            epoch=int(body["epoch"]),
            evaluator_url=str(evaluator["url"]),
            classes=_public_keys(evaluator["classes"]),
        )
        before = body.get("previous")
        previous = before and replace(
            keys,
            epoch=int(before["epoch"]),
            classes=_public_keys(before["classes"]),
            accepted_until=str(before["accepted_until"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise TrustError(
            "keys-invalid", "The registry's key list is not one that this client understands."
        ) from None
    url = check_url(keys.evaluator_url, allow_plain_http=config.allow_plain_http)
    keys = replace(keys, evaluator_url=url)
    return replace(keys, previous=previous and replace(previous, evaluator_url=url))


def check_tables(keys: PublishedKeys) -> None:
    """Check that this client derives match keys exactly as the registry's other offices do.

    Raises:
        TrustError: another match specification or table; tokens would not match.
    """
    here = (kinds.MATCH_SPEC, names.NICKNAMES_SHA256, names.COMMONNESS_SHA256)
    if here != (keys.match_spec, keys.nicknames, keys.commonness):
        raise TrustError(
            "match-spec-differs",
            "The registry uses another match specification or name table. Update this client.",
        )


def check_pins(config: ClientConfig, keys: PublishedKeys) -> None:
    """Check the published keys against the pinned ones.

    Raises:
        TrustError: an epoch without pins, or a key that changed within its epoch.
    """
    pinned = config.pins.get(keys.epoch)
    if pinned is None:
        raise TrustError(
            "epoch-unknown",
            f"Key epoch {keys.epoch} is not pinned. Ask the registry's administrator whether it"
            " is new, then run: joinder client pin DIR",
        )
    if pinned != keys.classes:
        raise TrustError(
            "pin-changed",
            f"The evaluator's keys of epoch {keys.epoch} differ from the pinned ones. Nothing was"
            " sent. Keys never change within an epoch: call the registry's administrator.",
        )


def choose_keys(config: ClientConfig, keys: PublishedKeys) -> PublishedKeys:
    """Return the keys to make tokens with: the current ones, or the ones before, as pinned.

    New keys are believed only once a person has pinned them. Until then, and for as long as the
    registry takes them, the client goes on with the epoch that it has pinned.

    Raises:
        TrustError: neither epoch is pinned, or a key changed within its epoch.
    """
    previous = keys.previous
    if keys.epoch not in config.pins and previous is not None and previous.epoch in config.pins:
        keys = previous
    check_pins(config, keys)
    return keys


def pin(config: ClientConfig, keys: PublishedKeys) -> ClientConfig:
    """Return `config` with the keys of a new epoch pinned.

    Raises:
        TrustError: the epoch is pinned with other keys.
    """
    if keys.epoch in config.pins:
        check_pins(config, keys)
    return replace(config, pins={**config.pins, keys.epoch: dict(keys.classes)})


def fingerprints(classes: Mapping[str, str]) -> dict[str, str]:
    """Return a short form of each public key to compare by telephone: 128 bits in groups of 4."""
    return {name: _fingerprint(key) for name, key in sorted(classes.items())}


def keys_report(keys: PublishedKeys) -> Json:
    """Return the published keys as a JSON object for `--json`."""
    return {
        "epoch": keys.epoch,
        "match_spec": keys.match_spec,
        "evaluator": keys.evaluator_url,
        "fingerprints": fingerprints(keys.classes),
    }


def _fingerprint(key: str) -> str:
    digest = hashlib.sha256(bytes.fromhex(key)).hexdigest()[:32]
    return " ".join(digest[at : at + 4] for at in range(0, 32, 4))


def _public_keys(classes: Mapping[str, str]) -> dict[str, str]:
    return {str(name): _public_key(key) for name, key in classes.items()}


def _public_key(key: str) -> str:
    if len(bytes.fromhex(key)) != 32 or key != key.lower():  # noqa: PLR2004 -- one element
        raise ValueError("public key")
    return key
