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
let moved = null; // {slider, top}: where it was when it was taken, or moved first
const below = (slider) => slider.matches?.("input[type=range]") && element.compareDocumentPosition(slider) & 4;
const remember = ({ target }) => {
  // the one that is moved already may be out of its place, if the grid has changed since the last frame
  if (target !== moved?.slider) moved = below(target) ? { slider: target, top: target.getBoundingClientRect().top } : null;
  return moved;
};
document.addEventListener("input", remember);
document.addEventListener("pointerdown", (event) => {
  moved = null;
  // the page cannot be scrolled above its top
  if (remember(event)) element.style.minHeight = element.offsetHeight + "px";
});
for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, () => (element.style.minHeight = ""));
for (const other of ["wheel", "resize", "focusin"])
  addEventListener(other, ({ target }) => target !== moved?.slider && (moved = null), { passive: true });
new ResizeObserver(() => {
  // not by how much the grid has grown: a page that became shorter has been scrolled already, as far as it had to be
  if (moved) scrollBy({ top: moved.slider.getBoundingClientRect().top - moved.top, behavior: "instant" });
}).observe(element);
