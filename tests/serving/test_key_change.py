"""`joinder client change-key` against a real service, interrupted at each of its steps."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.client import key_change
from app.client.config import ClientConfig
from app.client.credentials import read_private_key
from app.client.registry import RegistryClient
from app.demo import offices
from app.serving.installation import as_operator, installation
from app.serving.supervisor import running


class CutOffError(Exception):
    pass


@dataclass
class Office:
    config: ClientConfig

    @property
    def kid(self) -> str:
        return read_private_key(self.config.key_path).thumbprint()

    def signs(self) -> bool:
        with RegistryClient(self.config) as client:
            return bool(client.get_me()["office"])


@pytest.fixture(scope="module")
def office(module_scratch: Path) -> Iterator[Office]:
    home = module_scratch
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("JOINDER_DATABASE_URL", raising=False)
        patch.setenv("JOINDER_HOME", str(home / "home"))
        with installation() as here, running(here, log=home / "log") as service:
            keys = offices.create_keys(home / "offices")
            ids = as_operator(lambda session: offices.add_offices(session, keys))
            configs = offices.configure(home / "offices", service.addresses.registry, ids)
            yield Office(configs[0])


@pytest.mark.long
class TestChangeKey:
    def test_the_new_key_signs_and_the_old_one_does_not(self, office: Office) -> None:
        before = office.kid
        old, new = key_change.change_key(office.config)
        assert (old, new) == (before, office.kid)
        assert old != new
        assert office.signs()
        assert office.config.key_path.stat().st_mode & 0o777 == 0o600
        assert list(office.config.key_path.parent.glob("*.new")) == []

    @pytest.mark.parametrize("step", ["signs", "added", "ended"])
    def test_an_interrupted_change_goes_on(
        self, office: Office, step: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before, post = office.kid, key_change._post
        with monkeypatch.context() as patch:
            if step == "signs":
                patch.setattr(key_change, "_signs", _interrupt)
            elif step == "added":
                patch.setattr(
                    key_change,
                    "_post",
                    lambda *args, **fields: post(*args, **fields) if fields else _interrupt(),
                )
            else:
                patch.setattr(Path, "replace", _interrupt)
            with pytest.raises(CutOffError):
                key_change.change_key(office.config)
        if step != "ended":
            assert office.signs()
        old, new = key_change.change_key(office.config)
        assert (old, new) == (before, office.kid)
        assert office.signs()


def _interrupt(*_: object, **__: object) -> None:
    raise CutOffError
