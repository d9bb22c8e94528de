"""What a program asks for and the engine of the site would not do."""

import json
from typing import Any

import pytest

from rantau.web.compatible.errors import Refusal
from rantau.web.compatible.requests import request_of


def asked(**fields: Any) -> bytes:
    return json.dumps({"model": "demo", "messages": [{"role": "user", "content": "halo"}], **fields}).encode()


@pytest.mark.parametrize("field", [{"seed": 7}, {"repetition_penalty": 1.3}])
def test_what_the_engine_would_pass_over_is_refused(site_with: Any, field: dict[str, Any]) -> None:
    assert request_of(asked(**field), site_with()).wish == field
    site = site_with(cannot=("repetition_penalty", "seed"))
    with pytest.raises(Refusal) as refused:
        request_of(asked(**field), site)
    assert (refused.value.status, refused.value.code, [refused.value.param]) == (
        400,
        "unsupported_parameter",
        [*field],
    )
    for harmless in ({}, {"repetition_penalty": 1}, {"seed": 7, "temperature": 0}, {"seed": None}):
        request_of(asked(**harmless), site)
