// Plays an animated WebP on a canvas, which can stop at any frame and go on. An <img> can do neither.
let film; // its frames, and how often it plays
let at; // the frame that comes next
let before; // the frame that is shown
let left; // how often the film is still to be played
let turn = 0; // which call of play() is not outdated

const find = (selector) => element.querySelector(selector);
const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

// each frame becomes a WebP of its own: developers.google.com/speed/webp/docs/riff_container
function read(file) {
  const view = new DataView(file);
  const bytes = (place, count) => new Uint8Array(file, place, count);
  const tag = (place) => String.fromCharCode(...bytes(place, 4));
  const number = (place) => view.getUint32(place, true) & 0xffffff; // 24 bits
  const word = (value) => new Uint32Array([value]);
  const found = { width: number(24) + 1, height: number(27) + 1, frames: [], plays: Infinity };
  for (let place = 12, size; place < file.byteLength; place += 8 + size + (size % 2)) {
    const start = place + 8;
    size = view.getUint32(place + 4, true);
    if (tag(place) === "ANIM") found.plays = view.getUint16(start + 4, true) || Infinity;
    if (tag(place) !== "ANMF") continue;
    const alpha = tag(start + 16) === "VP8 " ? 0 : 0x10;
    const header = ["RIFF", word(size + 6), "WEBPVP8X", word(10), word(alpha), bytes(start + 6, 6)];
    const flags = view.getUint8(start + 15);
    found.frames.push({
      still: new Blob([...header, bytes(start + 16, size - 16)], { type: "image/webp" }),
      place: [2 * number(start), 2 * number(start + 3), number(start + 6) + 1, number(start + 9) + 1],
      milliseconds: number(start + 12),
      replaces: flags & 2,
      vanishes: flags & 1,
    });
  }
  return found;
}

async function play() {
  const mine = ++turn;
  const pen = find("canvas").getContext("2d");
  find("[name=pause]").setAttribute("aria-pressed", "false");
  while (left > 0) {
    const frame = film.frames[at];
    let until = performance.now() + frame.milliseconds;
    const picture = await createImageBitmap(frame.still);
    if (mine !== turn) return;
    if (before?.vanishes) pen.clearRect(...before.place);
    if (frame.replaces) pen.clearRect(...frame.place);
    pen.drawImage(picture, ...frame.place);
    before = frame;
    at = (at + 1) % film.frames.length;
    if (!at) left -= 1;
    do {
      await wait(until - performance.now());
      if (mine !== turn) return;
      until += 100;
    } while (!pen.canvas.offsetParent); // waits while another tab is shown
  }
  pause();
}

function pause() {
  turn += 1;
  find("[name=pause]").setAttribute("aria-pressed", "true");
}

function restart() {
  [at, before, left] = [0, null, film.plays];
  play();
}

async function show() {
  const mine = ++turn;
  film = null;
  if (!props.value) return;
  find("canvas").width = 0; // the still is seen until the film plays
  const loaded = read(await (await fetch(props.value.src)).arrayBuffer());
  if (mine !== turn || !loaded.frames.length) return; // all frames alike: the file is a still
  film = loaded;
  [at, before, left] = [0, null, film.plays];
  Object.assign(find("canvas"), { width: film.width, height: film.height });
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) pause();
  else play();
}

watch("value", show);
show(); // the first value may arrive before watch() is called

element.addEventListener("click", (event) => {
  if (event.target.name === "file") return trigger("file", { format: event.target.value }); // the server makes it now
  const name = film && event.target.name;
  if (name === "play" || (name === "pause" && !left)) restart();
  else if (name === "pause") event.target.getAttribute("aria-pressed") === "true" ? play() : pause();
});
