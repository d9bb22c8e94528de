"""An engine whose answers are written here, word by word, and that can be held in the middle of one."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from rantau.serving.engines import Begun, Ended, Heard, Refused
from rantau.serving.protocol import Job, Tokens

RICH = """Hujan terbentuk dari **air yang menguap**. Prosesnya begini:

1. Matahari memanaskan laut, sungai, dan danau.
2. Air berubah menjadi *uap* dan naik ke langit.
3. Di atas, uap mendingin dan berkumpul menjadi awan.

| Tahap | Wujud air | Suhu |
|:------|:---------:|-----:|
| Penguapan | gas | 30 °C |
| Pengembunan | cair | 5 °C |

> Bayangkan panci yang mendidih: tutupnya basah oleh titik-titik air.

Secara sederhana, `awan = uap + dingin`:

```python
def hujan(uap: float, suhu: float) -> bool:
    return uap > 0.8 and suhu < 10
```

Baca juga [siklus air](https://id.wikipedia.org/wiki/Siklus_air)."""
PLAIN = "Tentu. Hujan adalah air yang turun dari awan, lalu mengalir kembali ke laut dan menguap lagi."
BASE = "Rain forms when water vapor in the air condenses. It rains when the drops are heavy enough to fall."
ANSWERS = {"#rich": RICH, "#long": "kata " * 400, "#code": "```js\nlet a = 1;\n```\n"}


@dataclass
class Teller:
    """held: pieces of an answer after which it waits, None = it does not; pause_s: between steps;
    late: a model that does not begin"""

    slots: int = 8
    models: tuple[str, ...] = ("demo", "demo-base")
    held: int | None = None
    pause_s: float = 0.002
    late: str = ""
    digests: dict[str, str] = field(default_factory=dict)
    _on: dict[str, tuple[list[str], int, Job]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def submit(self, name: str, job: Job, said: Sequence[int], text: str = "") -> Begun:
        asked = job.messages[-1]["content"]
        if "#refuse" in asked:
            raise Refused("too_long", "the test says so")
        pieces = re.findall(r"\s*\S+|\s+$", answer_to(job, asked))
        done = len(job.begun) + len(said)
        with self._lock:
            self._on[name] = (pieces, done, job)
        return Begun(12, "".join(pieces[len(job.begun) : done]))

    def step(self) -> list[Heard | Ended]:
        time.sleep(self.pause_s)
        heard: list[Heard | Ended] = []
        with self._lock:
            for name, (pieces, at, job) in list(self._on.items()):
                if (self.held is not None and at >= self.held) or (not at and self.late == job.model):
                    continue
                if at >= len(pieces) or at >= job.wish.max_tokens + len(job.begun):
                    del self._on[name]
                    heard.append(Ended(name, "eos" if at >= len(pieces) else "length"))
                    continue
                heard.append(Heard(name, Tokens(pieces[at], (at,))))
                self._on[name] = (pieces, at + 1, job)
        return heard

    def cancel(self, name: str) -> None:
        with self._lock:
            self._on.pop(name, None)

    def close(self) -> None:
        self._on.clear()


def answer_to(job: Job, asked: str) -> str:
    found = next((text for mark, text in ANSWERS.items() if mark in asked), None)
    return found or (BASE if job.model.endswith("-base") else PLAIN)
