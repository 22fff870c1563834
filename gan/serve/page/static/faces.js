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
