// A click asks for weights; for those that are shown, too, since others may be on their way. The tab is no property:
// Gradio drops those of components in a tab that is not selected when the page opens.
const tab = element.closest("[id$='-chooser']").id.split("-")[0];
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) window.seedfacesAct(tab, "weights", button.dataset.weights);
});
