// A click on weights that are not shown asks for them. The tab is no property: Gradio drops those of components in a
// tab that is not selected when the page opens.
const tab = element.closest("[id$='-chooser']").id.split("-")[0];
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[aria-pressed=false]");
  if (button) window.seedfacesAct(tab, "weights", button.dataset.weights);
});
