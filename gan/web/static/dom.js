// Short names for what every part of the page does with its elements.

/** The first element that a selector finds. */
export const find = (selector, inside = document) => inside.querySelector(selector);

/** A new element: make("button", { type: "button" }, "text", child). */
export function make(tag, properties = {}, ...children) {
  const { data = {}, ...rest } = properties;
  const element = Object.assign(document.createElement(tag), rest);
  Object.assign(element.dataset, data);
  element.append(...children);
  return element;
}

/** Sentences in a place of their own, one paragraph each. */
export const say = (place, sentences) => place.replaceChildren(...sentences.map((text) => make("p", {}, text)));

/** Calls a function for each click on a button inside an element, with the button. */
export function onButton(element, act) {
  element.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (button) act(button);
  });
}

/** Some work during which a button cannot be pressed; afterwards it has the focus again, if nothing else has it. */
export async function during(button, work) {
  button.disabled = true;
  try {
    await work();
  } finally {
    button.disabled = false;
    if (document.activeElement === document.body) button.focus();
  }
}

/** Pixels on a canvas, which takes their size. */
export function paint(canvas, image) {
  if (canvas.width !== image.width) canvas.width = canvas.height = image.width;
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/** A function that does some work for the newest thing that was asked, one at a time: what a slider passes while the work
 *  is done is skipped, and the last position always comes last. */
export function newest(work) {
  let next = null;
  let working = false;
  return async (asked) => {
    next = { asked };
    if (working) return;
    working = true;
    try {
      while (next) {
        const { asked: now } = next;
        next = null;
        await work(now);
      }
    } finally {
      working = false;
    }
  };
}
