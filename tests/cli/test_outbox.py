"""The commands of docs/notifications.md, and what it shows to integrators."""

import re
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import WebhookVerificationError
from typer.testing import CliRunner

from app.cli.main import app
from app.core.clock import utc_now
from app.webhooks import secrets
from tests.access.people import sign_in
from tests.cli.test_docs import commands
from tests.database import ROOT, run
from tests.factories import Registry


def test_health_is_told_and_what_is_given_up_is_an_alarm(
    fresh_database_url: str, keys_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def give_up() -> None:
        async with Registry.started(fresh_database_url, keys_directory) as registry:
            office = await registry.add_office("CA001000A")
            person = await sign_in(registry, office)
            await registry.rows(
                "INSERT INTO mails (office_id, person_id, state, attempts, due_at, error)"
                " SELECT office_id, id, 'dead', 9, now(), '550' FROM persons WHERE id = :id"
                " RETURNING id",
                id=person.key,
            )
            await registry.rows(
                "WITH w AS (INSERT INTO webhooks (id, office_id, url, state, added_by, added_at,"
                " secret_sealed, written_in, number) SELECT gen_random_uuid(), id, 'https://x.test',"
                " 'proposed', 'person:1', now(), '', 0, 0 FROM offices RETURNING id, office_id)"
                " INSERT INTO webhook_deliveries (id, office_id, webhook_id, key, type, state,"
                " attempts, due_at) SELECT gen_random_uuid(), office_id, id, gen_random_uuid(),"
                " 'webhook.test', 'dead', 10, now() FROM w RETURNING id"
            )

    monkeypatch.setenv("JOINDER_DATABASE_URL", fresh_database_url)
    monkeypatch.setenv("JOINDER_KEYS", str(keys_directory))
    words = commands("notifications.md").split()
    assert words[0] == "joinder"
    well = CliRunner().invoke(app, words[1:])
    assert (well.exit_code, well.output) == (
        0,
        "webhooks\t0\t-\t0\nmail\t0\t-\t0\nschedule\t0\t-\t0\nnights\t0\t-\t0\n",
    )
    run(give_up())
    bad = CliRunner().invoke(app, words[1:])
    assert (bad.exit_code, bad.output) == (
        1,
        "webhooks\t0\t-\t1\nmail\t0\t-\t1\nschedule\t0\t-\t0\nnights\t0\t-\t0\n",
    )
    again = CliRunner().invoke(app, [*words[1:], "--again"])
    sent = re.fullmatch(
        r"webhooks\t0\t-\t1\nmail\t1\t2\d{3}-\S+ \S+\t0\nschedule\t0\t-\t0\nnights\t0\t-\t0\n",
        again.output,
    )
    assert sent, again.output


def test_receiver_as_shown_takes_ours_and_nothing_else() -> None:
    text = (ROOT / "docs/notifications.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    shown: dict[str, Any] = {}
    exec(code, shown)  # noqa: S102 -- our own document
    secret, body = secrets.make(), '{"type": "webhook.test", "data": {"id": "tst_1"}}'
    headers = secrets.headers([secrets.make(), secret], "tst_1", body, now=utc_now())
    assert shown["accept"](secret, headers, body.encode())["type"] == "webhook.test"
    with pytest.raises(WebhookVerificationError):
        shown["accept"](secret, headers, body.replace("test", "true").encode())
