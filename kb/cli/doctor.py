"""`potica doctor`: what is wrong with an installation and how to mend it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import typer
from rich.console import Console
from rich.markup import escape
from sqlalchemy.exc import OperationalError

from kb.cli.init import administrators_of
from kb.cli.serve import check_port
from kb.cli.terminal import PROBLEMS, configured, opened, unusable
from kb.config import Settings
from kb.errors import ConfigError, KbError

LEAST_FREE = 1_000_000_000  # bytes: the model, a rebuild aside, and the log of a busy day


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; `mend` says what to do, empty when all is well."""

    name: str
    told: str
    mend: str = ""


def doctor() -> None:
    """Check this installation; exit code 1 when something is wrong."""
    settings, console = configured(), Console(soft_wrap=True)
    bad = 0
    for finding in examine(settings):
        mark = "[red]✗[/]" if finding.mend else "[green]✓[/]"
        console.print(f"{mark} [bold]{finding.name}[/]  {escape(finding.told)}")
        if finding.mend:
            bad += 1
            console.print(f"    [yellow]→[/] {escape(finding.mend)}")
    if bad:
        console.print(f"\n{bad} to mend.")
        raise typer.Exit(PROBLEMS)
    console.print("\nAll is well.")


def examine(settings: Settings) -> Iterator[Finding]:
    """Every check in turn; one that breaks is itself a finding."""
    checks: tuple[tuple[str, Callable[[Settings], Finding]], ...] = (
        ("Python", _python),
        ("SQLite", _sqlite),
        ("Home", _home),
        ("Disk", _disk),
        ("Model", _model),
        ("Database", _database),
        ("People", _people),
        ("Erasures", _erasures),
        ("Redaction", _redaction),
        ("Outbox", _outbox),
        ("Index", _index),
        ("Port", _port),
    )
    for name, check in checks:
        try:
            yield check(settings)
        except OperationalError as error:
            told = unusable(error)
            yield Finding(name, told.title, told.message)
        except KbError as error:
            yield Finding(name, error.title, error.message)
        except Exception as error:  # a doctor that falls ill is of no use
            yield Finding(name, f"could not be checked: {type(error).__name__}: {error}", _REPORT)


_BUILD = "Run `potica init --model-only`."
_REPORT = "Mend what is above first; if this stays, report it with this line."


def _python(_settings: Settings) -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    wanted = sys.version_info[:2] == (3, 11)
    return Finding("Python", found, "" if wanted else "Install Potica with Python 3.11.")


def _sqlite(settings: Settings) -> Finding:
    if not settings.resolved_database_url.startswith("sqlite"):
        return Finding("SQLite", "not used")
    from pysqlite3 import dbapi2

    from kb.db import check_sqlite

    check_sqlite(dbapi2.sqlite_version_info)
    return Finding("SQLite", dbapi2.sqlite_version)


def _home(settings: Settings) -> Finding:
    home = settings.home
    if not home.is_dir():
        return Finding("Home", f"{home} is not there", "Run `potica init`.")
    probe = home / ".potica-doctor"
    try:
        probe.write_text("", encoding="utf-8")
        probe.unlink()
    except OSError as error:
        return Finding(
            "Home",
            f"{home} cannot be written to ({error.strerror})",
            "Give the folder to the user that runs Potica, or set POTICA_HOME.",
        )
    return Finding("Home", str(home.resolve()))


def _disk(settings: Settings) -> Finding:
    folder = next(p for p in (settings.home, *settings.home.resolve().parents) if p.exists())
    free = shutil.disk_usage(folder).free
    mend = "" if free >= LEAST_FREE else "Free at least 1 GB, or move POTICA_HOME."
    return Finding("Disk", f"{free / 1e9:.1f} GB free", mend)


def _model(settings: Settings) -> Finding:
    from kb.encoders.build import ONNX_FOLDER, ST_FOLDER
    from kb.encoders.factory import create_encoder, local_model
    from kb.encoders.manifest import is_intact, read_manifest
    from kb.errors import EncoderError

    model = local_model(settings)
    try:
        if model is not None and settings.encoder_runtime == "onnx":
            read_manifest(model.folder / ONNX_FOLDER)
    except EncoderError as error:
        return Finding("Model", error.message, _BUILD)
    if (
        model is not None
        and settings.encoder_runtime == "torch"
        and model.is_packed
        and not is_intact(model.folder / ST_FOLDER)
    ):
        return Finding("Model", f"{model.folder} is missing or damaged", _BUILD)
    encoder = create_encoder(settings)
    encoder.encode(["potica"], "query")
    return Finding("Model", f"{encoder.model_id}, {encoder.dim} dimensions, intact and answering")


def _database(settings: Settings) -> Finding:
    from kb.db import create_engine_for, current_revision, head_revision

    engine = create_engine_for(settings)
    try:
        found, head = current_revision(engine), head_revision()
    finally:
        engine.dispose()
    if found == head:
        return Finding("Database", f"reachable, schema {found}")
    told = "was never set up" if found is None else f"stands at {found}, {head} is needed"
    return Finding("Database", f"reachable, but {told}", "Run `potica init`.")


def _people(settings: Settings) -> Finding:
    """An installation without people works, for readers of what is public: this is a note."""
    found = len(administrators_of(settings))
    if found:
        return Finding("People", f"{found:,} with the role administrator can sign in")
    return Finding(
        "People",
        "there is no administrator yet: potica users add EMAIL --name NAME --role administrator",
    )


def _erasures(settings: Settings) -> Finding:
    from kb.privacy.ledger import read_ledger
    from kb.secret_key import Marks

    entries = read_ledger(settings.home)
    if not entries:
        return Finding("Erasures", "none so far")
    own = Marks.of(settings).fingerprint
    told, mend = f"{len(entries):,} in the ledger", ""
    if not all(entry.done for entry in entries):
        mend = "Some are not finished: run `potica privacy apply`."
    if any(entry.key != own for entry in entries):
        mend = (
            "Some were made with another secret key and cannot be applied to older copies:"
            " put that key back (POTICA_SECRET_KEY)."
        )
    return Finding("Erasures", told, mend)


def _redaction(settings: Settings) -> Finding:
    from kb.queries.redactions import cases_to_redact

    with opened(settings, read_only=True) as sessions, sessions() as session:
        pending = len(cases_to_redact(session))
    if not pending:
        return Finding("Redaction", "all cases were looked through with the rules of today")
    told = f"{pending:,} cases were looked through with other rules than those of today"
    return Finding("Redaction", told, "Run `potica index rebuild --redact`.")


def _outbox(settings: Settings) -> Finding:
    from kb.queries.outbox import outbox_state

    with opened(settings, read_only=True) as sessions, sessions() as session:
        outbox = outbox_state(session)
    told = f"{outbox.pending:,} changes waiting to be indexed, {outbox.failed:,} failed before"
    if outbox.failed:
        return Finding("Outbox", told, f"{outbox.last_error} See `potica index status`.")
    mend = "Start the server, or run `potica index rebuild`." if outbox.pending else ""
    return Finding("Outbox", told, mend)


def _index(settings: Settings) -> Finding:
    from kb.encoders.factory import create_encoder
    from kb.queries.documents import expected_documents, indexed_documents, unencoded_documents
    from kb.search.snapshot import check_snapshot

    with opened(settings, read_only=True) as sessions, sessions() as session:
        expected, indexed = expected_documents(session), indexed_documents(session)
    differing = sorted(
        f"{pool}:{key}"
        for pool, key in expected.keys() | indexed.keys()
        if expected.get((pool, key)) != indexed.get((pool, key))
    )
    if differing:
        told = f"{len(differing):,} documents differ from SQL: {', '.join(differing[:5])}"
        return Finding("Index", told, "Run `potica index rebuild`.")
    encoder = create_encoder(settings)
    with opened(settings, read_only=True) as sessions, sessions() as session:
        unencoded = unencoded_documents(session, encoder.model_id)
    if unencoded:
        told = (
            f"{len(unencoded):,} documents have no vectors of the model {encoder.model_id} yet:"
            " they are found by their words only"
        )
        return Finding("Index", told, "Run `potica index rebuild`, or start the server.")
    damage = check_snapshot(settings.index_dir, encoder.model_id, encoder.dim)
    if damage:
        return Finding("Index", " ".join(damage), "Run `potica index rebuild`.")
    return Finding("Index", f"{len(expected):,} documents, as in SQL; the snapshot is whole")


def _port(settings: Settings) -> Finding:
    place = f"{settings.host}:{settings.port}"
    try:
        check_port(settings)
    except ConfigError as error:
        if _is_potica(settings):
            return Finding("Port", f"{place}: a Potica server answers there")
        return Finding("Port", error.title, error.message)
    return Finding("Port", f"{place} is free")


def _is_potica(settings: Settings) -> bool:
    import httpx

    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host
    try:
        answer = httpx.get(f"http://{host}:{settings.port}/healthz", timeout=2)
    except httpx.HTTPError:
        return False
    return answer.status_code == 200 and answer.json() == {"status": "ok"}
