// A grid of faces: a click on one says "pick"; the other buttons change the list of kept faces, see kept.js.
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
  // the places stay and the faces in them move: the keyboard goes along with its face
  if (pressed && element.contains(document.activeElement)) element.querySelector(pressed)?.focus();
  pressed = "";
});
