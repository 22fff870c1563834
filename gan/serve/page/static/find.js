// Found seeds are a view like any other, which is asked for as if a link had been opened; the photo is in no view.
const showFaces = () => window.seedfacesAct("find", "go", "?" + props.value.chosen.link);
element.addEventListener("click", ({ target }) => {
  const { face } = target.closest("button[data-face]")?.dataset || {};
  if (face !== undefined) {
    const marks = props.value.marks.map((mark) => ({ ...mark, pressed: mark.face === Number(face) }));
    props.value = { ...props.value, marks, chosen: props.value.faces[face] };
    showFaces();
  }
  if (target.closest("button[name=nearer]")) window.seedfacesAct("find", "nearer", props.value.chosen.description);
});
const arrived = () => props.value.chosen && showFaces();
