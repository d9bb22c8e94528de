// Results of the blind arena.
import { ask } from "./page/api.js";
import { begin } from "./page/begin.js";
import { h, shape } from "./page/dom.js";
import { number, say, share } from "./page/words.js";
import { interval } from "./arena/interval.js";

const REASONS = ["fluency", "correct", "on_topic", "right_language"];

begin("#arena", async (root) => {
  const found = await ask("GET", "/api/arena");
  root.replaceChildren(...(found.n_votes ? [result(found), table(found), sides(found), reasons(found), exports(found)] : [empty()]));
});

function empty() {
  return h("section", {}, h("h2", { text: say("arena.empty") }), h("p", { class: "soft", text: say("arena.empty_text") }),
    h("p", {}, h("a", { class: "button main", href: "/?mode=blind", text: say("arena.begin") })));
}

function result({ adapted, enough, n_votes: votes, more, needed, turned, left_out: leftOut }) {
  const known = adapted.share !== null;
  const big = h("p", { class: `big ${enough ? "" : "open"}`.trim(), text: known ? share(adapted.share) : "–" });
  const facts = [
    !enough && more ? say("arena.needed", { n: votes, needed }) : null,
    enough && turned ? say("arena.turned", { n: turned }) : null,
    total(leftOut) ? say("arena.left_out", { n: total(leftOut) }) : null,
  ];
  return h("div", { class: "result" },
    h("div", {}, big, h("p", { class: "soft small", text: say("arena.share") }), h("p", { text: say(verdict(adapted, enough)) }),
      facts.filter(Boolean).map((text) => h("p", { class: "small soft", text }))),
    known ? figure(adapted, enough) : null);
}

const verdict = ({ low }, enough) => (enough ? (low > 0.5 ? "arena.better" : "arena.worse") : "arena.not_enough");

function figure({ share: middle, low, high }, enough) {
  const words = say("arena.interval", { share: share(middle), low: share(low), high: share(high) });
  return h("figure", {}, interval({ middle, low, high, enough, label: words }), h("figcaption", { class: "small soft", text: words }));
}

function table({ adapted, n_votes: votes }) {
  const rows = [["wins", adapted.wins], ["losses", adapted.losses], ["ties", adapted.ties], ["bad", adapted.bad]];
  return h("section", {}, h("h2", { text: say("arena.votes") }), counts(say("arena.votes_caption", { n: votes }), rows.map(([name, n]) => [say(`arena.${name}`), n])));
}

/** Names and counts, with a bar for each. */
function counts(caption, rows) {
  const most = Math.max(...rows.map(([, n]) => n), 1);
  const bar = (n) => shape("svg", { class: "bars", viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" }, shape("rect", { width: (100 * n) / most, height: 8 }));
  const body = rows.map(([name, n]) => h("tr", {}, h("th", { scope: "row", text: name }), h("td", { class: "fill" }, bar(n)), h("td", { class: "n", text: number(n) })));
  return h("div", { class: "scroll" }, h("table", { class: "table counts" }, h("caption", { text: caption }), h("tbody", {}, body)));
}

/** Same model on both sides: whoever prefers one of them prefers a side. Over all rounds it has to be even, too. */
function sides({ aa, sides: all }) {
  const parts = [["arena.sides_same", aa], ["arena.sides_all", all]].filter(([, each]) => each.n);
  const biased = parts.some(([, each]) => each.low > 0.5 || each.high < 0.5);
  const verdict = parts.length ? h("p", { text: say(biased ? "arena.sides_biased" : "arena.sides_even") }) : h("p", { class: "small soft", text: say("arena.sides_none") });
  return h("section", {}, h("h2", { text: say("arena.sides") }), h("p", { class: "soft", text: say("arena.sides_text") }), verdict, parts.map(([name, each]) => side(name, each)));
}

function side(name, { n, left, low, high }) {
  const words = say("arena.sides_interval", { n, share: share(left), low: share(low), high: share(high) });
  const facts = { middle: left, low, high, enough: low > 0.5 || high < 0.5, label: words, names: "arena.axis_sides" };
  return h("figure", { class: "side-share" }, h("h3", { text: say(name) }), interval(facts), h("figcaption", { class: "small soft", text: words }));
}

function reasons({ reasons: counted }) {
  const rows = REASONS.map((reason) => [say(`reasons.${reason}`), total(counted[reason])]).filter(([, n]) => n);
  if (!rows.length) return "";
  return h("section", {}, h("h2", { text: say("arena.reasons") }), counts(say("arena.reasons_caption"), rows));
}

const total = (counted) => Object.values(counted ?? {}).reduce((sum, n) => sum + n, 0);

function exports({ of }) {
  const link = (format) => h("a", { class: "button", href: `/api/arena/export?format=${format}&of=${of}`, download: "", text: say(`arena.export_${format}`) });
  return h("section", {}, h("h2", { text: say("arena.exports") }), h("p", { class: "soft", text: say("arena.exports_text") }), h("div", { class: "row" }, ["preference", "kto", "battles"].map(link)));
}
