"""The renderer in Chromium: what a text becomes, written at once or piece by piece."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator

import pytest

from tests.browser import Browser
from tests.web.pages.markdown import Markdown
from tests.web.pages.teller import RICH
from tests.web.running import Web

REL = 'rel="noopener noreferrer nofollow" target="_blank"'
BUTTON = '<button type="button" data-copy="">Copy</button>'
HEAD = f'<div class="code"><div class="code-head"><span>py</span>{BUTTON}</div>'


def p(inside: str) -> str:
    return f'<p dir="auto">{inside}</p>'


def li(inside: str) -> str:
    return f'<li dir="auto">{inside}</li>'


def a(address: str, inside: str) -> str:
    return f'<a href="{address}" {REL}>{inside}</a>'


def code(inside: str) -> str:
    return f'{HEAD}<pre tabindex="0" dir="ltr"><code>{inside}</code></pre></div>'


def table(*rows: str) -> str:
    return f'<div class="scroll" tabindex="0"><table>{"".join(rows)}</table></div>'


X, Y = "https://x.example/", "https://y.example/"
CASES = {
    "satu\ndua\n\ntiga": p("satu<br>dua") + p("tiga"),
    "# Judul #\nisi": '<h3 dir="auto">Judul</h3>' + p("isi"),
    "###### enam\n####### tujuh": '<h6 dir="auto">enam</h6>' + p("####### tujuh"),
    "a **b** *c* ***d*** ~~e~~ `f`": p(
        "a <strong>b</strong> <em>c</em> <em><strong>d</strong></em> <del>e</del> <code>f</code>"
    ),
    "2 * 3 * 4 dan nama_file_x": p("2 * 3 * 4 dan nama_file_x"),
    r"\*bukan\* miring": p("*bukan* miring"),
    r"\``a`": p("`<code>a</code>"),
    "``a`b`` dan `<b>`": p("<code>a`b</code> dan <code>&lt;b&gt;</code>"),
    "- a\n- b\n  1. c\n  2. d": f'<ul>{li("a")}{li("b" + f"""<ol start="1">{li("c")}{li("d")}</ol>""")}</ul>',
    "3. tiga\n4. empat": f'<ol start="3">{li("tiga")}{li("empat")}</ol>',
    "> kutipan\n> # judul": f'<blockquote dir="auto">{p("kutipan")}<h3 dir="auto">judul</h3></blockquote>',
    "---": "<hr>",
    "[a](https://x.example/b_c_(d))": p(a(f"{X}b_c_(d)", "a")),
    "lihat https://x.example/a.": p(f"lihat {a(f'{X}a', f'{X}a')}."),
    "<https://x.example>": p(a(X, "https://x.example")),
    "[surat](mailto:a@x.example)": p(a("mailto:a@x.example", "surat")),
    "![gambar](https://x.example/a.png)": p(a(f"{X}a.png", "gambar")),
    "[x](javascript:a)": p("x"),
    "[a [b](https://x.example) c](https://y.example)": p(f"[a {a(X, 'b')} c]({a(Y, 'https://y.example')})"),
    "satu<br>dua": p("satu<br>dua"),
    "a | b\n--- | :-:\n1 | \\|": table(
        '<thead><tr><th dir="auto" scope="col">a</th>',
        '<th dir="auto" scope="col" class="middle">b</th></tr></thead>',
        '<tbody><tr><td dir="auto">1</td><td dir="auto" class="middle">|</td></tr></tbody>',
    ),
    "```py\na < b\n```\nsisa": code("a &lt; b") + p("sisa"),
}
HALF = {
    "ini **teb": p("ini <strong>teb</strong>"),
    "ini **": p("ini "),
    "kode `a b": p("kode <code>a b</code>"),
    "lihat [nama](https://x.exa": p("lihat nama"),
    "lihat [nama": p("lihat nama"),
    "5*3 = 15": p("5*3 = 15"),
    "satu\n\n#": p("satu") + p(""),
    "```py\na = 1\n``": code("a = 1"),
}
PARTS = (
    "*", "**", "_", "`", "```", "~~", "[", "]", "(", ")", "![", "](", "https://x.example/", "\n", "\n\n", "- ",
    "1. ", "> ", "# ", "|", "|---|\n", " ", "  ", "    ", "kata", "한국", "ไทย", "\U0001f600", "<b>", "<br>", "\\",
    "&amp;", "---", "~~~", "+ ",
)  # fmt: skip


@pytest.fixture(scope="module")
def markdown(chromium: Browser, pages_web: Web) -> Iterator[Markdown]:
    with chromium.fresh(pages_web.url) as page:
        yield Markdown(page)
        assert page.errors == []


@pytest.mark.parametrize("text", CASES)
def test_what_a_text_becomes(markdown: Markdown, text: str) -> None:
    assert markdown.whole(text) == CASES[text]


@pytest.mark.parametrize("text", HALF)
def test_a_marker_that_waits_for_its_pair_is_not_shown(markdown: Markdown, text: str) -> None:
    assert markdown.written(list(text), done=False) == HALF[text]


def test_pieces_make_no_difference(markdown: Markdown) -> None:
    """For a rich answer and 400 random texts: character by character, in words, at once."""
    draw = random.Random(20261121)
    texts = [RICH, *CASES, *("".join(draw.choices(PARTS, k=draw.randint(3, 40))) for _ in range(400))]
    bad = markdown.page.run(f"""{_json(texts)}.filter(text => {{
      const whole = md.whole(text);
      const words = text.match(/\\S+\\s*|\\s+/g) ?? [];
      return md.written([...text]) !== whole || md.written(words) !== whole;
    }})""")
    assert bad == []


def test_what_stands_is_not_touched(markdown: Markdown) -> None:
    """Elements of earlier blocks stay the same elements, and a text that grows stays the same text."""
    kept = markdown.page.run(f"""(() => {{
      md.root.replaceChildren();
      const rendering = new md.Rendering(md.root);
      const seen = new Map();
      let changed = 0;
      for (const piece of {_json(list(RICH))}) {{
        rendering.append(piece);
        const blocks = [...md.root.children];
        blocks.slice(0, -2).forEach((block, n) => {{
          if (seen.has(n) && (seen.get(n).block !== block || seen.get(n).html !== block.outerHTML)) changed++;
          seen.set(n, {{ block, html: block.outerHTML }});
        }});
      }}
      return [changed, seen.size];
    }})()""")
    assert kept[0] == 0
    assert kept[1] >= 5


def test_time_grows_with_the_length_only(markdown: Markdown) -> None:
    """A text eight times as long takes no more than forty times as long, whatever it is made of."""
    slow = markdown.page.run("""[
      '*a ', '[', '[a](', '](', '`a``b```', '_a*b', 'https://@', '*_~~', '> ', '- ', '|a', '1. ', '#', 'x ', '\\n',
      'a\\n',
    ].filter(part => {
      const spent = n => {
        const text = part.repeat(n);
        const start = performance.now();
        md.whole(text);
        md.written(text.match(/[^]{1,5}/g));
        return performance.now() - start;
      };
      spent(200);
      return spent(3200) > 40 * Math.max(spent(400), 12);
    })""")
    assert slow == []


def test_nothing_but_what_is_listed_can_be_made(markdown: Markdown) -> None:
    told = markdown.page.run("""(async () => {
      const base = document.querySelector('link[rel=icon]').href.replace(/mark\\.svg$/, 'script/markdown/');
      const { made } = await import(`${base}patch.js`);
      const tried = [['img', {}], ['script', {}], ['a', { onclick: 'pwn()' }], ['p', { style: 'x' }]];
      return tried.map(([tag, attributes]) => {
        try { made({ tag, attributes, children: [] }); return 'made'; } catch (error) { return error.message; }
      });
    })()""")
    no = "no text may"
    assert told == [f"{no} become <img>", f"{no} become <script>", f"{no} set onclick", f"{no} set style"]


def test_the_sum_of_a_text_is_that_of_the_server(markdown: Markdown) -> None:
    draw = random.Random(7)
    texts = [
        "",
        *("".join(draw.choices("aé한\U0001f600\n", k=n)) for n in (1, 55, 56, 63, 64, 65, 119, 120, 1000)),
    ]
    assert [markdown.call("sha256", t) for t in texts] == [hashlib.sha256(t.encode()).hexdigest() for t in texts]


def _json(value: object) -> str:
    return json.dumps(value)
