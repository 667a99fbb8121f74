"""What every verb is: a command that takes `-c FILE`, and whose returned number is the exit code."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from syncd.cli.installation import Installation

STOPPED = 130
"""The exit code after Ctrl-C, as shells have it."""

HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Verb(click.Command):
    """A verb of `syncd`."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        settings["context_settings"] = {**HELP, **(settings.get("context_settings") or {})}
        super().__init__(*arguments, **settings)
        self.params.append(_settings_option())


class Family(click.Group):
    """Verbs that belong together, such as `syncd files`; `sections` are the headings of its help and their verbs."""

    command_class = Verb

    def __init__(self, *arguments: Any, sections: Mapping[str, Sequence[click.Command]], **settings: Any) -> None:
        settings["context_settings"] = {**HELP, **(settings.get("context_settings") or {})}
        super().__init__(*arguments, **settings)
        self.params.append(_settings_option())
        self._sections = sections
        for verbs in sections.values():
            for verb in verbs:
                self.add_command(verb)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs in the order in which they were given."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the verbs under their headings."""
        width = max((len(name) for name in self.commands), default=0)
        for title, verbs in self._sections.items():
            with formatter.section(title):
                formatter.write_dl([(f"{verb.name:{width}}", verb.get_short_help_str(limit=90)) for verb in verbs])


def _settings_option() -> click.Option:
    return click.Option(
        ["-c", "--config"],
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="The settings, or the NAME of an instance.  [default: /etc/syncd/syncd.toml, then ./syncd.toml]",
        expose_value=False,
        callback=_name_settings,
    )


def _name_settings(ctx: click.Context, _option: click.Parameter, path: Path | None) -> None:
    installation = ctx.ensure_object(Installation)
    if path:
        installation.named = path
