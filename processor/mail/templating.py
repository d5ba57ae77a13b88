"""The mail templates, opened once: text as it is, HTML escaped."""

import re
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

TEMPLATES = Path(__file__).with_name("templates")
_CODE = re.compile(r"`([^`]+)`")


@cache
def template(name: str) -> Template:
    """Return a template by its file name."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=name.endswith(".html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["coded"] = _coded
    return environment.get_template(name)


def _coded(text: str) -> Markup:
    """Show what stands between backticks in a fixed width; everything is escaped."""
    style = "font-family:Menlo,Consolas,monospace;font-size:.92em"
    return Markup(_CODE.sub(rf'<span style="{style}">\1</span>', str(escape(text))))  # noqa: S704 - escaped here
