// The settings of a talk: how its answers are drawn, and what the model is told before it begins.
import { find, h, iconButton } from "../page/dom.js";
import { list, number, say } from "../page/words.js";

const RANGES = [
  { name: "temperature", min: 0, max: 2, step: 0.05 },
  { name: "top_p", min: 0.05, max: 1, step: 0.01 },
  { name: "repetition_penalty", min: 0.5, max: 2, step: 0.05 },
];
const NUMBERS = [
  { name: "max_tokens", min: 1 },
  { name: "top_k", min: 1, max: 1000, optional: true },
  { name: "seed", min: 0, max: 2 ** 31 - 1, optional: true },
];

/** Which parameters differ from the site's; those that its engine cannot grant make no difference. */
export function changedOf(wish, defaults, cannot = []) {
  return Object.keys(wish).filter((name) => !cannot.includes(name) && JSON.stringify(wish[name]) !== JSON.stringify(defaults[name]));
}

/**
 * Opens the panel. now: {wish, system_prompt}; defaults: the same, of the site, and `cannot`: parameters that are not
 * offered. saved: told what was changed
 */
export function openPanel({ now, defaults, context }, saved) {
  const dialog = h("dialog", { class: "panel", "aria-labelledby": "panel-title" });
  const fields = fieldsOf({ ...defaults.wish, ...now.wish }, now.system_prompt ?? defaults.system_prompt, context, defaults.cannot ?? []);
  const close = () => dialog.close();
  const reset = () => fields.fill(defaults.wish, defaults.system_prompt);
  const submit = (event) => {
    event.preventDefault();
    saved(fields.read(defaults.wish));
    close();
  };
  dialog.append(h("form", { on: { submit } },
    h("header", {}, h("h2", { id: "panel-title", text: say("panel.title") }), iconButton("close", say("dialog.close"), close)),
    h("div", { class: "fields" }, fields.elements),
    h("footer", {}, h("button", { type: "button", class: "button", text: say("panel.reset"), on: { click: reset } }), h("button", { type: "submit", class: "button main", text: say("panel.save") }))));
  dialog.addEventListener("click", (event) => event.target === dialog && close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  find("textarea", dialog).focus();
}

function fieldsOf(wish, system, context, cannot) {
  const offered = ({ name }) => !cannot.includes(name);
  const prompt = h("textarea", { id: "panel-system", dir: "auto", maxlength: "16000", placeholder: say("panel.system_empty") });
  const ranges = RANGES.filter(offered).map((range) => slider(range));
  const numbers = NUMBERS.filter(offered).map((each) => numeric({ max: context, ...each }));
  const stop = h("input", { id: "panel-stop", dir: "auto", autocomplete: "off", placeholder: say("panel.stop_empty") });
  const all = [...ranges, ...numbers];
  const fill = (values, text) => {
    prompt.value = text ?? "";
    for (const each of all) each.put(values[each.name]);
    stop.value = (values.stop ?? []).join(", ");
  };
  fill(wish, system);
  const read = (defaults) => {
    const values = Object.fromEntries(all.map((each) => [each.name, each.read()]));
    values.stop = stop.value.split(",").map((text) => text.trim()).filter(Boolean).slice(0, 4).map((text) => text.slice(0, 32));
    const names = changedOf(values, defaults, cannot);
    return { system_prompt: prompt.value.trim(), wish: Object.fromEntries(names.map((name) => [name, values[name]])) };
  };
  const elements = [field("system", prompt), ...all.map((each) => each.element), ...(cannot.includes("stop") ? [] : [field("stop", stop)]), missing(cannot)];
  return { elements: elements.filter(Boolean), fill, read };
}

/** Why some parameters that people know from elsewhere are not there. */
function missing(cannot) {
  const names = cannot.map((name) => say(`panel.${name}`));
  return names.length ? h("p", { class: "hint", id: "panel-cannot", text: say("panel.cannot", { names: list(names) }) }) : null;
}

function field(name, input, extra = null) {
  const hint = h("p", { class: "hint", id: `panel-${name}-hint`, text: say(`panel.${name}_hint`) });
  input.setAttribute("aria-describedby", hint.id);
  const label = h("label", { for: input.id, text: say(`panel.${name}`) });
  return h("div", { class: "field" }, extra ? h("div", { class: "line" }, label, extra) : label, input, hint);
}

function slider({ name, min, max, step }) {
  const input = h("input", { type: "range", id: `panel-${name}`, min, max, step });
  const shown = h("output", { for: input.id });
  const draw = () => (shown.textContent = number(Number(input.value), { minimumFractionDigits: 2 }));
  input.addEventListener("input", draw);
  const put = (value) => {
    input.value = value;
    draw();
  };
  return { name, put, read: () => Number(input.value), element: field(name, input, shown) };
}

function numeric({ name, min, max, optional = false }) {
  const input = h("input", { type: "number", id: `panel-${name}`, min, max, step: 1, inputmode: "numeric", required: !optional, placeholder: optional ? say(`panel.${name}_empty`) : null });
  const read = () => (input.value === "" ? null : Number.parseInt(input.value, 10));
  const put = (value) => (input.value = value ?? "");
  return { name, put, read, element: field(name, input) };
}
