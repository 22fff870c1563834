// The seeds that a visitor keeps, in this browser alone. Where it forbids storage (an iframe in a private window), until
// the page is closed.
const KEY = "seedfaces-kept";
try {
  const kept = JSON.parse(localStorage.getItem(KEY) || "[]");
  if (kept.length) {
    props.value = kept;
    trigger("restore", { query: location.search });
  }
} catch {}
watch("value", () => {
  try { localStorage.setItem(KEY, JSON.stringify(props.value)); } catch {}
});
