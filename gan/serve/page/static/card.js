// One face, large, in a dialog that opens whenever a face is picked.
function open() {
  const dialog = element.querySelector("dialog");
  // in a tab that is not shown, an invisible dialog would block the whole page
  if (!dialog || dialog.open || !element.checkVisibility()) return;
  const box = dialog.querySelector("input");
  box.value = window.seedfacesLink(box.dataset.query);
  window.seedfacesHandOn(dialog.querySelector("button[name=link]"), box);
  dialog.querySelector("button[name=keep]").textContent =
    window.seedfacesKept.has(Number(dialog.dataset.seed)) ? "Kept ✓" : "Keep";
  dialog.showModal();
}
watch("value", open);
window.addEventListener("popstate", () => element.querySelector("dialog")?.close()); // Back shows another view

element.addEventListener("click", (event) => {
  const dialog = element.querySelector("dialog");
  if (event.target === dialog) return dialog.close(); // a click beside it
  const button = event.target.closest("button");
  if (!button) return;
  const seed = Number(dialog.dataset.seed);
  if (button.name === "close") dialog.close();
  if (button.name === "keep") {
    const weights = new URLSearchParams(dialog.querySelector("input").dataset.query).get("w");
    button.textContent = window.seedfacesKept.keep(seed, weights) ? "Kept ✓" : "64 are kept: remove one first";
  }
  if (button.name === "morph") { dialog.close(); window.seedfacesAct("gallery", "morph", seed); }
  if (button.name === "judge") { dialog.close(); window.seedfacesAct("gallery", "judge", seed); }
});
