// A click on weights that are not shown asks for them. Not a prop: in a tab that was not selected yet, Gradio drops those.
const tab = element.closest("[id$='-chooser']").id.split("-")[0];
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[aria-pressed=false]");
  if (button) window.seedfacesAct(tab, "weights", button.dataset.weights);
});
