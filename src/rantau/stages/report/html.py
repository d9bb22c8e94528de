"""What every page is made of: templates and styles of this room, figures inside, and text that HTML can carry."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from rantau.stages.report.figures import Drawn
from rantau.stages.report.ink import inline
from rantau.stages.report.series import Series

if TYPE_CHECKING:
    from jinja2 import Environment

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure on the page. data: its CSV as a data: address"""

    name: str
    title: str
    caption: str
    wide: Markup
    narrow: Markup
    data: str
    n_rows: int


def shown(drawn: Drawn, title: str, caption: str) -> Shown:
    """The figure with its drawings inside and its numbers behind a link."""
    series, label = drawn.series, str(escape(f"{title}. {caption}"))
    wide, narrow = (
        Markup(inline(svg, f"{series.name}-{size}", label=label))
        for size, svg in (("wide", drawn.wide), ("narrow", drawn.narrow))
    )
    return Shown(series.name, title, caption, wide, narrow, csv_address(series), len(series.rows))


def csv_address(series: Series) -> str:
    """The numbers of a series as an address that holds them."""
    coded = base64.b64encode(series.csv.encode("utf-8", "replace")).decode()
    return f"data:text/csv;charset=utf-8;base64,{coded}"


def environment(folder: str) -> Environment:
    """Templates of a folder of this room: everything is escaped, a name that is not there is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("rantau.stages.report", folder), undefined=StrictUndefined, autoescape=True,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip


def styles(*names: str) -> Markup:
    """style.css, and the further style sheets of this room."""
    room = resources.files("rantau.stages.report")
    return Markup("\n".join((room / name).read_text(encoding="utf-8") for name in ("style.css", *names)))


def visible(text: str) -> str:
    """Control characters and broken surrogates as U+FFFD: HTML and UTF-8 cannot carry them."""
    return CONTROL.sub("\ufffd", text)


def breakable(text: str) -> Markup:
    """Paths, field names and signatures may break behind / : _ | and the dot of a name, but not of a number."""
    return Markup(re.sub(r"([/:_|](?=\w)|\.(?=[^\W\d]))", r"\1<wbr>", str(escape(text))))
