// Plays an animated WebP on a canvas, which can stop at any frame and go on. An <img> can do neither.
let film; // its frames, and how often it plays
let at; // the frame that comes next
let before; // the frame that is shown
let left; // how often the film is still to be played
let turn = 0; // which call of play() or seek() is not outdated
let loads = 0; // which call of show() is not outdated
let moment = 0; // the one that is shown, of props.value.moments

const find = (selector) => element.querySelector(selector);
const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

// each frame becomes a WebP of its own: developers.google.com/speed/webp/docs/riff_container
function read(file) {
  const view = new DataView(file);
  const bytes = (place, count) => new Uint8Array(file, place, count);
  const tag = (place) => String.fromCharCode(...bytes(place, 4));
  const number = (place) => view.getUint32(place, true) & 0xffffff; // 24 bits
  const word = (value) => new Uint32Array([value]);
  const found = { width: number(24) + 1, height: number(27) + 1, frames: [], plays: Infinity, milliseconds: 0 };
  for (let place = 12, size; place < file.byteLength; place += 8 + size + (size % 2)) {
    const start = place + 8;
    size = view.getUint32(place + 4, true);
    if (tag(place) === "ANIM") found.plays = view.getUint16(start + 4, true) || Infinity;
    if (tag(place) !== "ANMF") continue;
    const alpha = tag(start + 16) === "VP8 " ? 0 : 0x10;
    const header = ["RIFF", word(size + 6), "WEBPVP8X", word(10), word(alpha), bytes(start + 6, 6)];
    const flags = view.getUint8(start + 15);
    found.frames.push({
      start: found.milliseconds,
      still: new Blob([...header, bytes(start + 16, size - 16)], { type: "image/webp" }),
      place: [2 * number(start), 2 * number(start + 3), number(start + 6) + 1, number(start + 9) + 1],
      milliseconds: number(start + 12),
      replaces: flags & 2,
      vanishes: flags & 1,
    });
    found.milliseconds += number(start + 12);
  }
  return found;
}

// the next frame; returns whether this call of play() or seek() goes on
async function draw(mine) {
  const pen = find("canvas").getContext("2d");
  const frame = film.frames[at];
  const picture = await createImageBitmap(frame.still);
  if (mine !== turn) return false;
  if (before?.vanishes) pen.clearRect(...before.place);
  if (frame.replaces) pen.clearRect(...frame.place);
  pen.drawImage(picture, ...frame.place);
  before = frame;
  at = (at + 1) % film.frames.length;
  return true;
}

async function play() {
  const mine = ++turn;
  find("[name=pause]").setAttribute("aria-pressed", "false");
  while (left > 0) {
    let until = performance.now() + film.frames[at].milliseconds;
    if (!(await draw(mine))) return;
    tell(momentOf(before));
    if (!at) left -= 1;
    do {
      await wait(until - performance.now());
      if (mine !== turn) return;
      until += 100;
    } while (!find("canvas").offsetParent); // waits while another tab is shown
  }
  pause();
}

// frames that are alike were joined, so moments are found by time
const perMoment = () => film.milliseconds / props.value.moments.length;
const momentOf = (frame) => props.value.moments && Math.round(frame.start / perMoment());
const isWhole = ({ replaces, place }) => replaces && place[2] === film.width && place[3] === film.height;

async function seek(wanted) {
  pause();
  tell(wanted);
  if (!film) return; // all moments alike
  const mine = turn;
  const last = film.frames.findLastIndex((frame) => momentOf(frame) <= wanted);
  const first = Math.max(0, film.frames.slice(0, last + 1).findLastIndex(isWhole)); // it needs none before it
  const shown = film.frames.indexOf(before);
  if (shown === last) return;
  at = shown >= first && shown < last ? shown + 1 : first;
  left = Math.max(left, 1);
  do {
    if (!(await draw(mine))) return;
  } while (before !== film.frames[last]);
}

// what is said of a moment, and whether it is kept
function tell(number = moment) {
  const slider = find(".moment input");
  if (!slider) return;
  moment = number;
  const { seed, query } = props.value.moments[moment];
  const name = seed ? "Seed " + seed : "More than 8 seeds: it has no link";
  find(".moment bdi").textContent = name;
  slider.max = props.value.moments.length - 1;
  slider.value = moment;
  slider.setAttribute("aria-valuetext", name);
  const kept = Boolean(query && window.seedfacesKept?.has(query));
  for (const button of element.querySelectorAll(".moment button")) button.disabled = !query;
  find(".moment [name=keep]").setAttribute("aria-pressed", kept);
  find(".moment [name=keep]").textContent = kept ? "Kept ✓" : "Keep";
}
document.addEventListener("seedfaces-kept", () => props.value && tell());

function pause() {
  turn += 1;
  find("[name=pause]").setAttribute("aria-pressed", "true");
}

function restart() {
  [at, before, left] = [0, null, film.plays];
  play();
}

async function show() {
  const mine = ++loads;
  turn += 1;
  film = null;
  if (!props.value) return;
  tell(0);
  find("canvas").width = 0; // the still is seen until the film plays
  const loaded = read(await (await fetch(props.value.src)).arrayBuffer());
  if (mine !== loads || !loaded.frames.length) return; // all frames alike: the file is a still
  film = loaded;
  [at, before, left] = [0, null, film.plays];
  Object.assign(find("canvas"), { width: film.width, height: film.height });
  if (moment) seek(moment); // the slider was faster
  else if (matchMedia("(prefers-reduced-motion: reduce)").matches) pause();
  else play();
}

watch("value", show);
show(); // the first value may arrive before watch() is called

element.addEventListener("pointerdown", ({ target }) => target.type === "range" && pause()); // it stays in the hand
element.addEventListener("input", ({ target }) => seek(Number(target.value)));
element.addEventListener("click", (event) => {
  const { query } = props.value?.moments?.[moment] || {};
  if (event.target.name === "keep") {
    pause();
    if (!window.seedfacesKept.toggle({ query })) event.target.textContent = "64 faces are kept";
  }
  if (event.target.name === "open") window.seedfacesAct("morph", "go", "?" + query);
  if (event.target.name === "file") return trigger("file", { format: event.target.value }); // the server makes it now
  const name = film && event.target.name;
  if (name === "play" || (name === "pause" && !left)) restart();
  else if (name === "pause") event.target.getAttribute("aria-pressed") === "true" ? play() : pause();
});
