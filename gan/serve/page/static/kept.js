// The faces that a visitor keeps: their seeds, and the weights with which the last one was kept. The list is stored in this
// browser alone and shared by its tabs. Where storage is forbidden (an iframe in a private window), it lasts until the page is
// closed. The server only draws it.
const KEY = "seedfaces-kept";
const MOST = 64;
let kept = { seeds: [], weights: "" };

function read() {
  try {
    kept = JSON.parse(localStorage.getItem(KEY)) || { seeds: [] };
  } catch {} // keep what is in memory
  if (!Array.isArray(kept.seeds)) kept = { seeds: [], weights: "" };
  return kept.seeds;
}
function show() {
  props.value = { ...kept };
  trigger("changed");
}
function write(seeds, weights = kept.weights) {
  kept = { seeds, weights };
  try { localStorage.setItem(KEY, JSON.stringify(kept)); } catch {}
  show();
}
function move(seed, by) {
  const seeds = read();
  const place = seeds.indexOf(seed);
  if (place < 0) return;
  seeds.splice(place, 1);
  seeds.splice(Math.max(0, place + by), 0, seed);
  write(seeds);
}

window.seedfacesKept = {
  has: (seed) => read().includes(seed),
  any: () => read().length > 0,
  // returns whether there was room
  keep(seed, weights) {
    const seeds = read();
    if (seeds.includes(seed)) return true;
    if (seeds.length >= MOST) return false;
    write([...seeds, seed], weights);
    return true;
  },
  remove: (seed) => write(read().filter((other) => other !== seed)),
  earlier: (seed) => move(seed, -1),
  later: (seed) => move(seed, 1),
  clear: () => write([]),
};

window.addEventListener("storage", (event) => event.key === KEY && (read(), show())); // another tab changed it
if (read().length) show();
