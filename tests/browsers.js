// What tests/browsers.py compares: links, words, and faces of two generators with a place and a look.
const send = (name, body) => fetch(`/${name}`, { method: "POST", body });

async function check() {
  const [{ Faces }, { lookOf }, { parse, text }, { decode, encode }, { wordSeed }] = await Promise.all(
    ["faces", "look", "point", "link", "words"].map((name) => import(`/static/${name}.js`)),
  );
  const vectors = await (await fetch("/link_vectors.json")).json();
  const links = vectors.map(({ query }) => {
    const { view, notes } = decode(query);
    return { seeds: view.seeds.map(text), link: encode(view), notes };
  });
  await send("links", JSON.stringify(links));
  const { words } = await (await fetch("/word_vectors.json")).json();
  await send("words", JSON.stringify(words.map(({ word }) => wordSeed(word))));
  const { points, look, names } = await (await fetch("/views.json")).json();
  for (const name of names) {
    const [generator, directions] = ["generator", "directions"].map((file) => `/weights/${name}/${file}.safetensors`);
    const faces = await Faces.open({ generator, directions });
    const drawn = await faces.draw(points.map((point) => parse(point).point), lookOf(look));
    faces.close();
    await send(name, new Blob(drawn.map(({ data }) => data)));
  }
}

await check().catch((error) => send("error", String(error.stack ?? error)));
await send("done", navigator.userAgent);
