"""The house rules of docs/architecture.md that a program can check."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from app import tables
from app.core.db import SCHEMA, async_url
from app.core.settings import EvaluatorSettings, RegistrySettings
from migrations.numbering import functions

ROOT = Path(__file__).parents[2]
APP = ROOT / "app"
MODULES = {
    path.relative_to(ROOT).as_posix(): path
    for path in APP.rglob("*.py")
    if "node_modules" not in path.parts  # of what builds vendored files; not ours
}
LONGEST = 300

SELECTS = {
    "app/sharing/state_pointers.py",  # the ladder of a state's Attorney General
    "app/cases/common_values.py",  # the longest selects of cases/queries.py
    "app/cases/ladder.py",  # the one select that shows overlaps, and why it may
    "app/accounts/idempotency.py",  # its row is lock, key and answer at once
    "app/audit/service.py",  # an INSERT ... SELECT from its own arguments
    "app/core/db.py",  # SELECT 1, and the schema's revision before there is a session
    "app/core/locks.py",  # a lock, not data
    "app/main.py",  # readiness
    "app/postgres/durability.py",  # settings of the server, not data
    "app/serving/roles.py",  # roles of the server, not data
}
FASTAPI = re.compile(
    r"app/(main|\w+/routes|evaluator/main|accounts/(deps|idempotency|pages)|core/(deps|http|openapi)"
    r"|people/(deps|me_routes|admin_routes)|web/(deps|pages|\w+_routes)"
    r"|serving/process)\.py"  # the last one for a type only
)
CLOCKS = {"app/core/clock.py", "app/client/clock.py"}
JOSE = {
    "app/core/jwt.py": {"jose", "joserfc"},
    "app/people/id_tokens.py": {"joserfc"},
    "app/client/credentials.py": {"joserfc"},
    "app/client/exchange.py": {"joserfc"},  # the type of the key that it hands to credentials
}
DIGESTS = {
    "app/client/exports.py": "of the export file, to name its state",
    "app/client/push_state.py": "of export and map, to know an interrupted push",
    "app/client/pins.py": "fingerprints of public keys",
    "app/identifiers/batches.py": "of blinded elements, which are random",
    "app/identifiers/checksums.py": "a wallet address's own checksum, compared and forgotten",
    "app/identifiers/dleq.py": "Fiat-Shamir challenge of RFC 9497",
    "app/identifiers/oprf.py": "RFC 9497",
    "app/identifiers/suite.py": "expand_message_xmd of RFC 9380",
    "app/identifiers/feed.py": "of the unblinded element, which the evaluator keyed",
    "app/identifiers/names.py": "of the published name tables",
    "app/identifiers/tokens.py": "HMAC of the unblinded element, in the registry",
}
HOSTS = tuple(  # in two parts, so that this file names none either
    ".".join(parts)
    for parts in [
        *(("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "com"), ("npmjs", "org")),
        *(("debian", "org"), ("ubuntu", "com"), ("crates", "io"), ("rubygems", "org")),
        *(("docker", "io"), ("ghcr", "io"), ("quay", "io"), ("proxy.golang", "org")),
    ]
)
CONSTRAINTS = """
SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) AS line
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
ORDER BY line
"""


@cache
def nodes(name: str) -> list[ast.AST]:
    return list(ast.walk(ast.parse(MODULES[name].read_text(encoding="utf-8"))))


def imports(name: str) -> set[str]:
    """Return the first parts of the names that a module imports, wherever it does."""
    found: set[str] = set()
    for node in nodes(name):
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def calls(name: str) -> Iterator[str]:
    """Yield the dotted names that a module calls."""
    for node in nodes(name):
        if isinstance(node, ast.Call):
            yield dotted(node.func)


def dotted(node: ast.AST) -> str:
    """Return a name as it is written, with nothing for what is not one."""
    match node:
        case ast.Name(name):
            return name
        case ast.Attribute(value, name):
            return f"{dotted(value)}.{name}"
    return ""


def texts(name: str) -> Iterator[str]:
    """Yield a module's text constants that are no docstrings."""
    docstrings = {
        id(node.body[0].value)
        for node in nodes(name)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in nodes(name):
        if isinstance(node, ast.Constant) and id(node) not in docstrings:
            yield from [node.value] if isinstance(node.value, str) else []


def tracked() -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in done.stdout.decode().split("\0") if name]


class TestModules:
    def test_none_is_long(self) -> None:
        long = {name for name in MODULES if len(MODULES[name].read_text().splitlines()) > LONGEST}
        assert long == set()

    @pytest.mark.long
    def test_the_application_alone_knows_every_table_that_it_refers_to(self) -> None:
        sort = "import app.main; from app.core.models import Base; Base.metadata.sorted_tables"
        done = subprocess.run([sys.executable, "-c", sort], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()

    def test_selects_are_in_queries(self) -> None:
        found = set()
        for name in MODULES:
            selects = any(call in {"select", "sa.select"} for call in calls(name))
            selects |= any(re.search(r"\bSELECT\b", each) for each in texts(name))
            if selects and not name.endswith("/queries.py"):
                found.add(name)
        assert found == SELECTS

    def test_only_core_db_ends_transactions(self) -> None:
        ends = (".commit", ".rollback", ".begin", ".begin_nested")
        found = {name for name in MODULES for call in calls(name) if call.endswith(ends)}
        assert found <= {"app/core/db.py"}

    def test_only_the_clocks_read_the_clock(self) -> None:
        reading = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time"}
        found = {name for name in MODULES for call in calls(name) if call in reading}
        assert found == CLOCKS

    def test_fastapi_stays_at_the_edge(self) -> None:
        found = {name for name in MODULES if {"fastapi", "starlette"} & imports(name)}
        assert {name for name in found if not FASTAPI.fullmatch(name)} == set()

    def test_jose_libraries_have_one_importer_on_each_side(self) -> None:
        families = {"jose", "joserfc", "jwt", "authlib", "jwcrypto"}
        found = {name: imports(name) & families for name in MODULES}
        assert {name: used for name, used in found.items() if used} == JOSE

    def test_no_digest_of_an_identifier(self) -> None:
        found = {
            name
            for name in MODULES
            if name.startswith(("app/client/", "app/identifiers/"))
            and {"hashlib", "hmac"} & imports(name)
        }
        assert found == set(DIGESTS), "add the module with its reason, if it digests no identifier"

    def test_no_vague_names(self) -> None:
        vague = {"utils", "helpers", "common", "base", "manager", "misc"}
        assert not vague & {path.stem for path in MODULES.values()}

    def test_packages_are_flat(self) -> None:
        assert all(name.count("/") <= 2 for name in MODULES)


class TestSettings:
    @pytest.mark.parametrize("settings", [RegistrySettings, EvaluatorSettings])
    def test_each_is_documented(
        self, settings: type[RegistrySettings] | type[EvaluatorSettings]
    ) -> None:
        pages = [ROOT / "README.md", ROOT / "docs/operating.md"]
        written = "".join(path.read_text() for path in pages if path.exists())
        names = {f"JOINDER_{name.upper()}" for name in settings.model_fields}
        assert {name for name in names if f"`{name}`" not in written} == set()

    def test_each_variable_that_is_read_is_documented(self) -> None:
        written = (ROOT / "docs/operating.md").read_text() + (ROOT / "README.md").read_text()
        read = {
            value
            for name in MODULES
            for value in texts(name)
            if re.fullmatch(r"JOINDER_[A-Z_]+[A-Z]", value)
        }
        assert {name for name in read if name not in written} == set()


class TestMigrations:
    async def test_build_what_the_models_say(self, database_url: str) -> None:
        def differences(connection: Connection) -> list[object]:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            return list(compare_metadata(context, tables.Base.metadata))

        engine = create_async_engine(async_url(database_url))
        async with engine.connect() as connection:
            assert await connection.run_sync(differences) == []
        await engine.dispose()

    async def test_build_the_constraints_of_the_models(self, fresh_database_url: str) -> None:
        """Alembic's comparison is blind to checks and to conditions of indexes."""
        engine = create_async_engine(async_url(fresh_database_url))
        async with engine.begin() as connection:
            await connection.execute(text("DROP TABLE alembic_version"))
            migrated = [row[0] for row in await connection.execute(text(CONSTRAINTS))]
            await connection.execute(text("DROP SCHEMA public CASCADE"))
            await connection.execute(text("CREATE SCHEMA public"))
            for each in functions("0").split(";")[:-1]:
                await connection.execute(text(each))
            await connection.run_sync(tables.Base.metadata.create_all)
            modelled = [row[0] for row in await connection.execute(text(CONSTRAINTS))]
        await engine.dispose()
        assert migrated == modelled

    def test_newest_is_the_one_that_this_release_needs(self) -> None:
        assert ScriptDirectory(str(ROOT / "migrations")).get_current_head() == SCHEMA

    def test_revisions_are_numbers_in_order(self) -> None:
        script = ScriptDirectory(str(ROOT / "migrations"))
        revisions = [each.revision for each in script.walk_revisions()]
        assert revisions == [f"{n:04}" for n in range(len(revisions), 0, -1)]

    def test_never_import_the_application(self) -> None:
        for path in (ROOT / "migrations").rglob("*.py"):
            assert not re.search(r"^\s*(from|import) app\b", path.read_text(), re.MULTILINE), path


class TestTests:
    def test_search_for_nothing_that_a_random_id_may_hold(self) -> None:
        """A test that looks for "555" in an answer fails once in a few hundred runs."""
        found = []
        for path in (ROOT / "tests").rglob("test_*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                match node:
                    case ast.Compare(ast.Constant(str(left)), [ast.NotIn()], [right]):
                        whole = re.search(
                            r"\.text|\.content|output|\bout\b|log", ast.unparse(right)
                        )
                        if whole and re.fullmatch(r"[0-9a-f]{1,7}", left):
                            found.append(f"{path.name}:{node.lineno}")
        assert found == []

    def test_replace_none_of_our_own_code(self) -> None:
        found = set()
        for path in (ROOT / "tests").rglob("*.py"):
            content = path.read_text(encoding="utf-8")
            whole = ast.parse(content if "setattr(" in content else "")
            imported = [n for n in ast.walk(whole) if isinstance(n, ast.Import | ast.ImportFrom)]
            ours = {
                alias.asname or alias.name.partition(".")[0]
                for node in imported
                if (getattr(node, "module", None) or node.names[0].name).startswith("app")
                for alias in node.names
            }
            for node in ast.walk(whole):
                match node:
                    case ast.Call(ast.Attribute(attr="setattr"), [target, *_]):
                        if re.split(r"\W", ast.unparse(target).strip("'"))[0] in {"app", *ours}:
                            found.add(path.relative_to(ROOT).as_posix())
        assert found == {
            "tests/campaigns/collisions.py",  # shows that the campaign finds a mutant
            "tests/wall/open_doors.py",  # takes one of the two walls away
        }


class TestRepository:
    def test_names_no_package_registry(self) -> None:
        found = []
        for path in tracked():
            if not path.is_file():
                continue
            content = path.read_bytes().decode("utf-8", "replace").lower()
            found += [(path.name, host) for host in HOSTS if host in content]
        assert found == []

    def test_holds_no_private_key(self) -> None:
        begin = b"-----BEGIN " + b"(EC |RSA |OPENSSH )?PRIVATE KEY-----\\s+[A-Za-z0-9+/=]{40}"
        for path in tracked():
            if path.is_file():
                assert not re.search(begin, path.read_bytes()), path
