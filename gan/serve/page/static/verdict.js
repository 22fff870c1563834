// The verdict: a press on a face of a group photo shows the verdict on that face.
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-face]");
  if (!button) return;
  const { others, marks } = props.value;
  const face = Number(button.dataset.face); // 0 is the largest
  const pressed = marks.map((mark) => ({ ...mark, pressed: mark.face === face }));
  props.value = { ...props.value, marks: pressed, chosen: face ? others[face - 1] : null };
});
const arrived = () => {};
