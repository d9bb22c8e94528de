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
    return f"<li>{inside}</li>"


def ul(*items: str, way: str = "ltr") -> str:
    return f'<ul dir="{way}">{"".join(li(item) for item in items)}</ul>'


def ol(start: int, *items: str) -> str:
    return f'<ol start="{start}" dir="ltr">{"".join(li(item) for item in items)}</ol>'


def quote(inside: str, way: str = "ltr") -> str:
    return f'<blockquote dir="{way}">{inside}</blockquote>'


def a(address: str, inside: str) -> str:
    return f'<a href="{address}" {REL}>{inside}</a>'


def code(inside: str) -> str:
    return f'{HEAD}<pre tabindex="0" dir="ltr"><code>{inside}</code></pre></div>'


def table(*rows: str, way: str = "ltr") -> str:
    return f'<div class="scroll" tabindex="0"><table dir="{way}">{"".join(rows)}</table></div>'


def math(inside: str) -> str:
    return f'<code class="math">{inside}</code>'


def formula(inside: str) -> str:
    return f'<pre tabindex="0" dir="ltr">{math(inside)}</pre>'


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
    "- a\n- b\n  1. c\n  2. d": ul("a", "b" + ol(1, "c", "d")),
    "Judul *satu*\n===\nisi\n\nDua\n---\ntiga": '<h3 dir="auto">Judul <em>satu</em></h3>'
    + p("isi")
    + '<h4 dir="auto">Dua</h4>'
    + p("tiga"),
    "- Judul\n  ==\n- b\n---\n> c\n---": ul('<h3 dir="auto">Judul</h3>', "b") + "<hr>" + quote(p("c")) + "<hr>",
    f"{'kata ' * 30}\n---\nx\n=": p(("kata " * 30).strip()) + "<hr>" + p("x<br>="),
    "3. tiga\n4. empat": ol(3, "tiga", "empat"),
    "> kutipan\n> # judul": quote(p("kutipan") + '<h3 dir="auto">judul</h3>'),
    "- [ ] a\n- [x] b\n- [X]\n- [y] c [ ] d": ul("\u2610 a", "\u2611 b", "[X]", "[y] c [ ] d"),
    "- `a` עברית\n- b\n\n> سلام": ul("<code>a</code> עברית", "b", way="rtl") + quote(p("سلام"), way="rtl"),
    "| א | b |\n|---|---|": table(
        '<thead><tr><th dir="auto" scope="col">א</th><th dir="auto" scope="col">b</th></tr></thead>', way="rtl"
    ),
    "---": "<hr>",
    "[a](https://x.example/b_c_(d))": p(a(f"{X}b_c_(d)", "a")),
    "lihat https://x.example/a.": p(f"lihat {a(f'{X}a', f'{X}a')}."),
    "lihat www.x.example/a_b, (WWW.Y.EXAMPLE) dan **www.x.example를**": p(
        f"lihat {a(f'{X}a_b'.replace('x.', 'www.x.'), 'www.x.example/a_b')}, "
        f"({a(Y.replace('y.', 'www.y.'), 'WWW.Y.EXAMPLE')}) dan "
        f"<strong>{a(X.replace('x.', 'www.x.'), 'www.x.example')}를</strong>"
    ),
    "www. www.x a@www.x.example ftp://www.x.example awww.x.example www.x.c1": p(
        "www. www.x a@www.x.example ftp://www.x.example awww.x.example www.x.c1"
    ),
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
    "**인공지능(AI)**은 **“말”**입니다": p("<strong>인공지능(AI)</strong>은 <strong>“말”</strong>입니다"),
    "**機械学習（ML）**とは**学習**する": p("<strong>機械学習（ML）</strong>とは<strong>学習</strong>する"),
    "**กรุงเทพฯ (Bangkok)**เป็น": p("<strong>กรุงเทพฯ (Bangkok)</strong>เป็น"),
    "**a*b*c** dan *a**b**c*": p("<strong>a<em>b</em>c</strong> dan <em>a<strong>b</strong>c</em>"),
    "  - a\n  - b": ul("a", "b"),
    "   1. a\n   2. b\n      - c": ol(1, "a", "b" + ul("c")),
    "- a\n\t- b\n\n\t  c": ul("a" + ul("b" + p("c"))),
    "1.\ta\n\n\t```py\n\t\tx\n\t```": ol(1, "a" + code(chr(9) + "x")),
    "a\r\n\r\n---\r\n```py\r\nx\r\n```\r\nsisa": p("a") + "<hr>" + code("x") + p("sisa"),
    "R&amp;D, &lt;b&gt;, &#39;x&#x27;, &copy; `&lt;`": p(
        "R&amp;D, &lt;b&gt;, 'x', &amp;copy; <code>&amp;lt;</code>"
    ),
    "lihat https://x.example를 보세요": p(f"lihat {a(X, 'https://x.example')}를 보세요"),
    "https://x.example/a。그리고": p(a(f"{X}a", "https://x.example/a") + "。그리고"),
    "https://x.example/한국, https://한국.example": p(
        a(f"{X}%ED%95%9C%EA%B5%AD", "https://x.example/한국") + ", https://한국.example"
    ),
    "https://a:b@x.example/": p("https://a:b@x.example/"),
    "Luas $L = a_1 * b_1 * c$ dan **$x_i$**.": p(
        f"Luas {math('$L = a_1 * b_1 * c$')} dan <strong>{math('$x_i$')}</strong>."
    ),
    r"\(\frac{a_1*b*c}{\_2}\), lalu \[x_1 * y_2 * z\] saja": p(
        rf"{math(chr(92) + '(' + chr(92) + 'frac{a_1*b*c}{' + chr(92) + '_2}' + chr(92) + ')')}, lalu "
        rf"{math(chr(92) + '[x_1 * y_2 * z' + chr(92) + ']')} saja"
    ),
    "Maka:\n\\[\nx_1 = a\n+ b * c\n\n# d \\\\\n\\].\nJadi": p("Maka:")
    + formula("\\[\nx_1 = a\n+ b * c\n\n# d \\\\\n\\].")
    + p("Jadi"),
    "$$\na < b_1 * c_1 * d\n$$": formula("$$\na &lt; b_1 * c_1 * d\n$$"),
    "- $$x * y * z$$\n- b": ul(formula("$$x * y * z$$"), "b"),
    "$$a$$ dan $$*b*$$ saja": p(f"{math('$$a$$')} dan {math('$$*b*$$')} saja"),
    "| $x_1$ | b |\n|---|---|\n| $a*b*c$ | 1 |": table(
        f'<thead><tr><th dir="auto" scope="col">{math("$x_1$")}</th>',
        '<th dir="auto" scope="col">b</th></tr></thead>',
        f'<tbody><tr><td dir="auto">{math("$a*b*c$")}</td><td dir="auto">1</td></tr></tbody>',
    ),
    "harga $5 dan *$10*, US$3 atau $4-$6, $7 untuk ini ($8)": p(
        "harga $5 dan <em>$10</em>, US$3 atau $4-$6, $7 untuk ini ($8)"
    ),
    r"\$5, $a\$ *b*": p("$5, $a$ <em>b</em>"),
    r"tanpa akhir \(a *b*": p("tanpa akhir (a <em>b</em>"),
    "tanpa akhir\n\\[\na *b*": p("tanpa akhir") + p("[<br>a <em>b</em>"),
    "`$a_1$` dan \\\\(b\\\\)": p("<code>$a_1$</code> dan \\(b\\)"),
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
    r"jadi \(a_1 * b": p(f"jadi {math(chr(92) + '(a_1 * b')}"),
    "\\[\na_1\n+ b": formula("\\[\na_1\n+ b"),
    "Judul\n=": p("Judul"),
    "Judul\n----": p("Judul"),
    "Judul\n---\n": '<h4 dir="auto">Judul</h4>',
}
PARTS = (
    "*", "**", "_", "`", "```", "~~", "[", "]", "(", ")", "![", "](", "https://x.example/", "\n", "\n\n", "- ",
    "1. ", "> ", "# ", "|", "|---|\n", " ", "  ", "    ", "kata", "한국", "ไทย", "\U0001f600", "<b>", "<br>", "\\",
    "&amp;", "---", "~~~", "+ ", "\t", "\r\n", "$", "$$", "\\(", "\\)", "\\[", "\\]", "x_1",
    "=", "===", "\n---\n", "www.x.example", "[ ] ", "[x] ", "سلام",
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
    """A text eight times as long takes no more than forty times as long, whatever it is made of.

    Three times in a row: a machine that is busy takes long for anything now and then.
    """
    slow = markdown.page.run("""[
      '*a ', '[', '[a](', '](', '`a``b```', '_a*b', 'https://@', '*_~~', '> ', '- ', '|a', '1. ', '#', 'x ', '\\n',
      'a\\n', '$a ', '$$', '$$\\n', '\\\\(', '\\\\[a\\n', '$1-$2', 'www.', 'a\\n==\\n',
    ].filter(part => {
      const spent = n => {
        const text = part.repeat(n);
        const start = performance.now();
        md.whole(text);
        md.written(text.match(/[^]{1,5}/g));
        return performance.now() - start;
      };
      spent(200);
      return [1, 2, 3].every(() => spent(3200) > 40 * Math.max(spent(400), 12));
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
