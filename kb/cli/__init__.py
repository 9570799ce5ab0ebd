"""The `potica` command. Sub-commands import what is heavy only when they run."""

from __future__ import annotations

import typer

from eval.bench.cli import app as bench
from eval.cli import app as evaluation
from kb.cli import (
    ask,
    audit,
    backup,
    cases,
    content,
    demo,
    doctor,
    index,
    init,
    integrations,
    keys,
    privacy,
    serve,
    users,
    webhooks,
)

main = typer.Typer(
    name="potica",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # they may hold what customers wrote
    help="A knowledge base for customer service that answers while the conversation goes on.",
)
main.command("init")(init.init)
main.command("demo")(demo.demo)
main.command("serve")(serve.serve)
main.command("ask")(ask.ask)
main.command("doctor")(doctor.doctor)
main.add_typer(content.app, name="content")
main.add_typer(cases.app, name="cases")
main.add_typer(index.app, name="index")
main.add_typer(users.app, name="users")
main.add_typer(keys.app, name="keys")
main.add_typer(integrations.app, name="integrations")
main.add_typer(webhooks.app, name="webhooks")
main.add_typer(audit.app, name="audit")
main.add_typer(privacy.app, name="privacy")
main.add_typer(backup.app, name="backup")
main.add_typer(evaluation, name="eval")
main.add_typer(bench, name="bench")
