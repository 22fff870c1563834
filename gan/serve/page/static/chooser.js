// A click on weights that are not shown asks for them.
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[aria-pressed=false]");
  if (button) window.seedfacesAct(props.tab, "weights", button.dataset.weights);
});
