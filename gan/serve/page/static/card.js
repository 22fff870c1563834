// One face, large, in a dialog that opens whenever a face is picked.
function open() {
  const dialog = element.querySelector("dialog");
  if (!dialog || dialog.open) return;
  const box = dialog.querySelector("input");
  box.value = window.seedfacesLink(box.dataset.query);
  window.seedfacesHandOn(dialog.querySelector("button[name=link]"), box);
  dialog.showModal();
}
watch("value", open);

element.addEventListener("click", (event) => {
  const dialog = element.querySelector("dialog");
  if (event.target === dialog) return dialog.close(); // a click beside it
  const button = event.target.closest("button");
  if (!button) return;
  const seed = Number(dialog.dataset.seed);
  if (button.name === "close") dialog.close();
  if (button.name === "keep") {
    trigger("keep", { seed });
    button.textContent = "Kept ✓";
  }
  if (button.name === "morph") { dialog.close(); trigger("morph", { seed }); }
  if (button.name === "judge") { dialog.close(); trigger("judge", { seed }); }
});
