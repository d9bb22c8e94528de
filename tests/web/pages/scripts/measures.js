// What a look at a page finds. Each function returns texts, one for each fault.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const head = (element) => element.outerHTML.slice(0, 90);
  const apart = ".scroll, pre, svg, .visually-hidden, .skip"; // these scroll, or are not seen

  const tooWide = () => {
    const hidden = innerWidth < 900 ? `${apart}, .side:not(.open)` : apart;
    return all("body *").filter((e) => !e.closest(hidden)).flatMap((e) => {
      const { width, right, left } = e.getBoundingClientRect();
      return width > 0 && (right > innerWidth + 1 || left < -1) ? [`${e.tagName}.${e.className} ${Math.round(right)}`] : [];
    });
  };

  const cutOff = () => all(".side, .scroll-area, .dialog, .panel, .menu, .composer, .head").flatMap((root) => {
    if (!root.checkVisibility({ visibilityProperty: true })) return [];
    const room = root.getBoundingClientRect();
    return all("*", root).filter((e) => !e.closest(apart) && e.getClientRects().length).flatMap((e) => {
      const { right, left } = e.getBoundingClientRect();
      return right > room.right + 1 || left < room.left - 1 ? [`cut off: ${head(e)}`] : [];
    });
  });

  const parse = (text) => {
    const n = (text.match(/[\d.]+/g) ?? []).map(Number);
    const scale = text.startsWith("color(srgb") ? 255 : 1;
    return [n[0] * scale, n[1] * scale, n[2] * scale, n[3] ?? 1];
  };
  const over = (top, below) => [...[0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])), 1];
  const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const light = (c) => 0.2126 * linear(c[0] / 255) + 0.7152 * linear(c[1] / 255) + 0.0722 * linear(c[2] / 255);
  const ancestors = (e) => (e ? [e, ...ancestors(e.parentElement)] : []);
  const ground = (e) => {
    const layers = ancestors(e).map((each) => parse(getComputedStyle(each).backgroundColor)).filter((c) => c[3]);
    const last = layers.findIndex((c) => c[3] === 1);
    return layers.slice(0, last + 1).reduceRight((below, top) => (below ? over(top, below) : top), null) ?? [255, 255, 255, 1];
  };
  const opacity = (e) => ancestors(e).reduce((product, each) => product * getComputedStyle(each).opacity, 1);

  /** Texts with less contrast than WCAG AA asks for. */
  const pale = () => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
      const text = walker.currentNode.data.trim();
      const e = walker.currentNode.parentElement;
      if (!text || !e.checkVisibility({ visibilityProperty: true }) || !e.getClientRects().length) continue;
      if (e.closest("[aria-hidden=true], :disabled, .visually-hidden, option, [inert], noscript")) continue;
      const seen = opacity(e);
      if (!seen) continue;
      const style = getComputedStyle(e);
      const color = parse(e.closest("svg") ? style.fill : style.color);
      const below = ground(e);
      const [a, b] = [light(over([...color.slice(0, 3), color[3] * seen], below)), light(below)];
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      const size = Number.parseFloat(style.fontSize);
      const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
      if (ratio < (large ? 3 : 4.5)) found.push(`${ratio.toFixed(2)} ${text.slice(0, 40)} (${e.className || e.tagName})`);
    }
    return found;
  };

  const headings = () => {
    const shown = all("h1, h2, h3, h4, h5, h6").filter((e) => e.checkVisibility() && !e.closest(".side, dialog"));
    const level = (e) => Number(e.tagName[1]);
    const jumps = shown.slice(1).flatMap((e, n) => (level(e) - level(shown[n]) > 1 ? [`${shown[n].tagName} then ${e.tagName}`] : []));
    return [...(shown.filter((e) => level(e) === 1).length === 1 ? [] : ["not one h1"]), ...jumps];
  };

  const references = () => ["aria-controls", "aria-describedby", "aria-labelledby", "for"].flatMap((name) =>
    all(`[${name}]`).flatMap((e) => e.getAttribute(name).split(" ").filter((id) => !document.getElementById(id)).map((id) => `${name}: no #${id}`)));

  const small = () => all("button, a.button, select, input:not([type=hidden], .visually-hidden)")
    .filter((e) => e.checkVisibility({ opacityProperty: true }) && !e.closest(".said, .veil"))
    .filter((e) => {
      const boxes = [e, e.closest("label") ?? e].map((each) => each.getBoundingClientRect());
      return Math.max(...boxes.map((b) => b.width)) < 24 || Math.max(...boxes.map((b) => b.height)) < 24;
    }).map((e) => `small: ${head(e)}`);

  const structure = () => {
    const ids = all("[id]").map((e) => e.id);
    const found = ids.filter((id, n) => ids.indexOf(id) !== n).map((id) => `twice: #${id}`);
    if (all("main").length !== 1) found.push("not one main");
    if (all('[tabindex]:not([tabindex="0"], [tabindex="-1"])').length) found.push("a tabindex above 0");
    if (!document.documentElement.lang || !document.title) found.push("no language or title");
    if (all("[style]").some((e) => !e.closest(".menu"))) found.push("a style attribute");
    return [...found, ...headings(), ...references(), ...small()];
  };

  window.measures = { tooWide, cutOff, pale, structure };
})();
