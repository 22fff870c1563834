// A grid of faces: a click opens the face card, and a mark shows which faces are kept.
element.addEventListener("click", (event) => {
  const button = event.target.closest(".face");
  if (button) window.seedfacesCard?.open(button);
});
function mark() {
  for (const face of element.querySelectorAll(".face")) {
    face.querySelector(".mark").hidden = !window.seedfacesKept?.has(face.dataset.query);
  }
}
document.addEventListener("seedfaces-kept", mark);
function drawn() {
  mark();
  window.seedfacesCard?.restore();
}
watch("value", drawn);
drawn(); // the first value may arrive before watch() is called

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
