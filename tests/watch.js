// Runs before the page in tests/browsers.py: keeps what must not happen, from page to page, and the file handed out last.
const note = (text) => (localStorage.watched = `${localStorage.watched ?? ""}${text}\n`);
addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => note(`CSP: ${violatedDirective} ${blockedURI}`));
addEventListener("unhandledrejection", ({ reason }) => note(`unhandled: ${reason}`));
addEventListener("error", ({ message, target }) => note(`error: ${message ?? target.outerHTML}`), true);
for (const name of ["alert", "confirm", "prompt"]) window[name] = () => note(`${name} was called`);
const { error } = console;
console.error = (...said) => {
  note(`console: ${said}`);
  error(...said);
};
const { createObjectURL } = URL;
URL.createObjectURL = (blob) => {
  window.handed = blob;
  return createObjectURL(blob);
};
