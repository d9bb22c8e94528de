"""The engine for runs whose models a server has loaded: --option url=http://127.0.0.1:8000."""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Mapping
from typing import Any

from rantau.errors import RequestError, ServingError
from rantau.serving.engines.building import Asked, Says
from rantau.serving.engines.converted import reader_of, revisions_asked
from rantau.serving.engines.engine import Engine
from rantau.serving.engines.openai.connection import Address, Broken, Denied, Limits, Stream
from rantau.serving.engines.openai.engine import OpenAIEngine
from rantau.serving.engines.openai.requests import Served
from rantau.serving.revisions import Revision, read_recipe

KEY_VARIABLE = "RANTAU_SERVER_KEY"
LONGEST_LIST = 1 << 20
CHOICES = {"manner": ("tokens", "chat"), "fields": ("vllm", "plain"), "continues": ("yes", "no")}
"""Options and what they may be, the first unless told. fields: plain = nothing beyond OpenAI's protocol"""


def build(asked: Asked, says: Says) -> Engine:
    """Options: url; ca = file of the authority that signs for it; manner, fields, continues; and for each revision
    how the server calls it, NAME=SERVED. Unless told, the adapted model is `adapted` there, and the base what the
    recipe calls it.

    Raises   RequestError for a wrong option, and for a certificate that is not trusted; ServingError if the server
             is not there, or does not serve a name
    """
    address, chosen = read_options(asked.options)
    says(0.1, f"asking {address.root} what it serves")
    there, models = served_names(address), {}
    for revision in revisions_asked(asked):
        name = asked.option(revision.name, _usual_name(revision))
        if name not in there:
            raise ServingError(
                f"{address.root}: does not serve {name!r}, but {', '.join(there) or 'nothing by name'}. Serve it, "
                f"or say how it is called there: --option {revision.name}=NAME"
            )
        served = Served(name, chosen["manner"], chosen["fields"] == "vllm", chosen["continues"] == "yes")
        models[revision.name] = (served, reader_of(revision, asked.context))
    return OpenAIEngine(address, models, slots=asked.slots)


def read_options(options: Mapping[str, str]) -> tuple[Address, dict[str, Any]]:
    """The server, and what is chosen of CHOICES. Nothing is asked of it. Raises   RequestError"""
    if "url" not in options:
        raise RequestError("engine openai: name the server: --option url=http://127.0.0.1:8000")
    chosen = {name: _choice(options, name, allowed) for name, allowed in CHOICES.items()}
    return Address.of(options["url"], os.environ.get(KEY_VARIABLE, ""), options.get("ca", "")), chosen


def _choice(options: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    given = options.get(name, allowed[0])
    if given not in allowed:
        raise RequestError(f"--option {name}={given}: it is {' or '.join(allowed)}.")
    return given


def _usual_name(revision: Revision) -> str:
    return "adapted" if revision.kind == "adapted" else read_recipe(revision.run).model.base


def served_names(address: Address, *, within_s: float = 10.0) -> list[str]:
    """Raises   Untrusted; ServingError if the server is not there, or gives no list"""
    stream = Stream(address, Limits(silence_s=within_s))
    try:
        found = json.loads(stream.whole("models", most_bytes=LONGEST_LIST, within_s=within_s))
        return [str(row["id"]) for row in found["data"]]
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError, Denied, Broken) as error:
        hint = f" Put its key into {KEY_VARIABLE}." if getattr(error, "status", 0) in (401, 403) else ""
        raise ServingError(f"{address.root}/models: gives no list of models ({error}).{hint}") from error
    finally:
        stream.close()
