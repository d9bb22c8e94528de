// Reading texts that attack: what of them becomes an element that is not listed. After markdown.js.
(() => {
  const TAGS = "P H3 H4 H5 H6 UL OL LI BLOCKQUOTE HR BR STRONG EM DEL CODE PRE A TABLE THEAD TBODY TR TH TD DIV SPAN BUTTON".split(" ");
  const NAMES = "href class start scope dir tabindex type data-copy rel target".split(" ");
  const SCHEMES = ["http:", "https:", "mailto:"];

  const foreign = (root) => [...root.querySelectorAll("*")].flatMap((e) => [
    ...(TAGS.includes(e.tagName) ? [] : [e.tagName]),
    ...[...e.attributes].map((a) => a.name).filter((name) => !NAMES.includes(name)),
    ...(e.hasAttribute("href") && (!SCHEMES.includes(e.protocol) || e.username || e.password) ? [e.href] : []),
  ]);

  /** Each text written byte by byte, and each of its beginnings as a whole text. */
  const cut = (texts) => {
    const found = new Set();
    for (const text of texts) {
      const bytes = new TextEncoder().encode(text);
      const decoder = new TextDecoder();
      const [live, whole] = [document.createElement("div"), document.createElement("div")];
      md.root.replaceChildren(live, whole);
      const [rendering, fresh] = [new md.Rendering(live), new md.Rendering(whole)];
      for (let n = 0; n < bytes.length; n++) {
        rendering.append(decoder.decode(bytes.subarray(n, n + 1), { stream: true }));
        fresh.reset(new TextDecoder().decode(bytes.subarray(0, n + 1)), { done: true });
        for (const each of [...foreign(live), ...foreign(whole)]) found.add(`${text} at ${n}: ${each}`);
      }
      rendering.finish();
      for (const each of foreign(live)) found.add(`${text}: ${each}`);
    }
    return [...found];
  };

  const glued = (texts) => texts.flatMap((text) => {
    md.whole(text);
    const found = foreign(md.root);
    md.written(text.match(/[^]{1,3}/g));
    return [...found, ...foreign(md.root)];
  });

  window.attacks = { foreign, cut, glued };
})();
