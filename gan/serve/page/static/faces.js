// A grid of faces: a click on one of its buttons becomes the event that the button names.
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-event]");
  if (button) trigger(button.dataset.event, { seed: Number(button.dataset.seed) });
});
// events: "pick" "earlier" "later" "remove"
