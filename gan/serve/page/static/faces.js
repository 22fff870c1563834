// A grid of faces: a click on a face triggers "pick"; the other buttons change the list of kept faces (kept.js).
let pressed = "";
element.addEventListener("click", (event) => {
  const { event: name, seed } = event.target.closest("button[data-event]")?.dataset || {};
  if (name === "pick") trigger("pick", { seed: Number(seed) });
  else if (name) {
    pressed = `button[data-event="${name}"][data-seed="${seed}"]`;
    window.seedfacesKept[name](Number(seed));
  }
});
watch("value", () => {
  // the elements stay and the faces move between them: the focus follows its face
  if (pressed && element.contains(document.activeElement)) element.querySelector(pressed)?.focus();
  pressed = "";
});

// a slider below the grid stays where it is while it is moved, though the grid grows and shrinks
let height = element.offsetHeight;
let held = null;
const below = (slider) => slider?.matches?.("input[type=range]") && element.compareDocumentPosition(slider) & 4 && slider;
const hold = (slider) => {
  held = slider;
  element.style.minHeight = held ? height + "px" : ""; // the page cannot be scrolled above its top
};
document.addEventListener("pointerdown", (event) => below(event.target) && hold(event.target));
for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, () => held && hold(null));
new ResizeObserver(() => {
  const grown = element.offsetHeight - height;
  height += grown;
  if (grown && (held || below(document.activeElement))) scrollBy({ top: grown, behavior: "instant" });
}).observe(element);
