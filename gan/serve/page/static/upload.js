// The picture of the upload UPLOAD, for the card that answers it. A picture that gets no answer leaves the reason in the
// card's place: Gradio only shows a toast, which vanishes.
let awaited = null; // the file that is uploaded and judged, or {} where it is not known: pasting tells nothing of it
const ERROR = ".toast-message-item.error"; // one that is added to a toast still shown, too
const isError = (node) => node.matches?.(ERROR) || node.querySelector?.(ERROR);
const toasts = new MutationObserver((changes) => {
  const visible = document.querySelector("#UPLOAD")?.offsetParent; // an error in another tab is not about the picture
  if (visible && changes.some(({ addedNodes }) => [...addedNodes].some(isError))) refuse();
});

function wait(event) {
  if (!event.target.closest?.("#UPLOAD")) return;
  awaited = (event.target.files || event.dataTransfer?.files || [])[0] || awaited || {};
  toasts.observe(document.body, { childList: true, subtree: true });
}
for (const name of ["click", "change", "drop"]) document.addEventListener(name, wait, true);
document.addEventListener("cancel", ({ target }) => target.type === "file" && toasts.disconnect(), true);

// never the text of the toast: it names the file, and Gradio would run `${…}` in the name
function reason({ size = 0, type = "image/" }) {
  if (type && !type.startsWith("image/")) // browsers do not know all types
    return "This file is not a picture that can be read here: use JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF or HEIC.";
  const most = MOST_BYTES;
  if (size > most) return `This file is larger than ${most / 2 ** 20} MB: use a smaller picture.`;
  return "The page is busy or cannot be reached. Choose the picture again in a moment.";
}

// answers may arrive in another order than the pictures were sent: only that to the last one is shown
let [last, shown, waits] = ["", null, false];
watch("value", () => {
  const { folder } = props.value || {};
  if (folder && !last.includes(folder)) return void (props.value = shown);
  // the view of the tab itself, which shows nothing, may be answered after a picture that was chosen meanwhile
  if (!props.value && (shown?.folder || shown?.refused)) return void (props.value = shown);
  shown = props.value;
  if (folder && waits) [waits] = [false, arrived()];
});

function refuse() {
  props.value = shown = { refused: reason(awaited || {}) };
  trigger("refused");
}
(window.seedfacesUploads ||= {})["UPLOAD"] = {
  sent(picture) {
    [last, waits] = [picture?.path || "", true];
    return picture;
  },
  settled(...answer) {
    awaited = null;
    toasts.disconnect();
    return answer;
  },
  refuse,
};
