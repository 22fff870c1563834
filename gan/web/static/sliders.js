// The sliders of a look: one for each of its fields, and for how many and how smooth.
import { make } from "./dom.js";
import { LOOK } from "./link.js";
import { ATTRIBUTES } from "./look.js";
import { controls } from "./models.js";

const settingOf = (name) => ({ name, ...controls[name], ...LOOK[name], value: name === "variation" ? 1 : 0 });

/** A slider with a number box and a button that brings its first value back. `onSet` gets each new value.
 *  Returns its element, with a method `show` that sets what it shows. */
export function slider({ name, label, info = "", least, most, step, decimals = 0, value }, onSet) {
  const range = make("input", { type: "range", min: least, max: most, step, value, ariaLabel: label });
  const number = make("input", {
    type: "number",
    min: least,
    max: most,
    step: "any",
    value,
    ariaLabel: `${label}, exactly`,
  });
  number.setAttribute("inputmode", least < 0 ? "text" : "decimal"); // the number pad of iPhones has no minus
  const reset = make("button", { type: "button", className: "reset", ariaLabel: `Reset ${label}` }, "↺");
  const element = make("div", { className: "slider", data: { name } });
  const words = make("span", {}, make("span", {}, label), ...(info ? [make("small", {}, info)] : []));
  const ends = [least, most].map((end) => make("small", { ariaHidden: "true" }, String(end)));
  element.append(words, number, reset, ends[0], range, ends[1]);
  let current = value;
  element.show = (shown) => {
    current = range.value = shown;
    range.style.setProperty("--share", `${(100 * (shown - least)) / (most - least)}%`);
    if (document.activeElement !== number) number.value = shown;
  };
  const set = (given) => {
    current = Math.min(Math.max(Number(Number(given).toFixed(decimals)), least), most);
    element.show(current);
    onSet(current);
  };
  range.addEventListener("input", () => set(range.value));
  number.addEventListener("input", () => number.value !== "" && number.validity.valid && set(number.value));
  // an empty box shows again what is set, and what is out of range is brought into it
  number.addEventListener("change", () => {
    if (number.value !== "" && !number.validity.valid) set(number.value);
    number.value = current;
  });
  reset.addEventListener("click", () => set(value));
  return element;
}

/** The slider of the variation. */
export const variationSlider = (onSet) => slider(settingOf("variation"), onSet);

/** Fills the Shape panel of a tab. Its method `show` shows a look and hides what weights cannot move.
 *  @param onSet gets { age: 1 }: what was moved, and the name of the step */
export function shapePanel(panel, onSet) {
  const rows = ATTRIBUTES.map((name) => slider(settingOf(name), (value) => onSet({ [name]: value }, name)));
  const reset = make("button", { type: "button", name: "unshaped", className: "plain" }, "Reset all");
  reset.addEventListener("click", () => onSet(unshaped(), "unshaped"));
  panel.querySelector(".sliders").replaceChildren(...rows);
  panel.append(reset);
  return (look, moves, open) => {
    panel.hidden = !moves.length;
    if (open && ATTRIBUTES.some((name) => look[name])) panel.open = true;
    for (const row of rows) {
      row.hidden = !moves.includes(row.dataset.name);
      row.show(look[row.dataset.name]);
    }
  };
}

/** A look's fields with no attribute moved. */
export const unshaped = () => Object.fromEntries(ATTRIBUTES.map((name) => [name, 0]));

/** A row of the card: a slider, its value, and a button that brings 0 back. */
export function attributeRow(name, onSet) {
  const { label, least, most, step } = settingOf(name);
  const range = make("input", { type: "range", min: least, max: most, step, value: 0 });
  const output = make("output", {}, "0");
  const reset = make("button", { type: "button", ariaLabel: `Reset ${label}` }, "↺");
  const row = make("div", { className: "attribute", data: { name } });
  row.append(make("label", {}, make("span", {}, label), range), output, reset);
  row.show = (value) => {
    range.value = value;
    output.textContent = value;
  };
  range.addEventListener("input", () => onSet({ [name]: Number(range.value) }));
  reset.addEventListener("click", () => onSet({ [name]: 0 }));
  return row;
}

/** "variation 0.8, age 1.5, more feminine 1": only attributes that are moved. */
export function inWords(look) {
  const moved = ATTRIBUTES.filter((name) => look[name]);
  return ["variation", ...moved]
    .map((name) => {
      const [less, more] = controls[name].label.toLowerCase().split(" / ");
      if (!more) return `${less} ${look[name]}`;
      return `${look[name] > 0 ? more : less} ${Math.abs(look[name])}`;
    })
    .join(", ");
}
