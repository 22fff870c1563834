// A click on weights that are not shown says "choose".
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[aria-pressed=false]");
  if (button) trigger("choose", { weights: button.dataset.weights });
});
