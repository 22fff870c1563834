// A click on weights that are not shown triggers "choose".
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[aria-pressed=false]");
  if (button) trigger("choose", { weights: button.dataset.weights });
});
