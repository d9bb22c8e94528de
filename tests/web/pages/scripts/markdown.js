// The renderer in a page of the chat, and what counts the scripts that ran.
(async () => {
  const base = document.querySelector('link[rel=icon]').href.replace(/mark\.svg$/, 'script/');
  const { Rendering } = await import(`${base}markdown/rendering.js`);
  const { sha256 } = await import(`${base}page/sha256.js`);
  const root = document.createElement('div');
  document.body.append(root);
  window.ran = 0;
  window.violations = [];
  window.pwn = window.alert = () => { window.ran++; };
  document.addEventListener('securitypolicyviolation', e => window.violations.push(e.violatedDirective));
  window.md = {
    Rendering, sha256, root,
    whole(text) {
      new Rendering(root).reset(text, { done: true });
      return root.innerHTML;
    },
    written(pieces, { done = true } = {}) {
      root.replaceChildren();
      const rendering = new Rendering(root);
      for (const piece of pieces) rendering.append(piece);
      if (done) rendering.finish();
      return root.innerHTML;
    },
  };
  return true;
})()
