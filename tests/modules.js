// What tests/module_checks.py compares: links, words, faces of two generators with a place and a look, and photos.
const send = (name, body) => fetch(`/${name}`, { method: "POST", body });
const weights = (name, ...files) => files.map((file) => `/weights/${name}/${file}.safetensors`);

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
  const { points, look, names, seed } = await (await fetch("/views.json")).json();
  let own;
  for (const name of names) {
    const [generator, directions] = weights(name, "generator", "directions");
    const faces = await Faces.open({ generator, directions });
    const drawn = await faces.draw(points.map((point) => parse(point).point), lookOf(look));
    own = await faces.draw([seed], lookOf());
    faces.close();
    await send(name, new Blob(drawn.map(({ data }) => data)));
  }
  await send("photos", JSON.stringify(await photos(names.at(-1), own)));
}

/** What the worker says of a photo of two people, and of a picture of a seed of some weights, whose face is `own`. */
async function photos(name, own) {
  const { ask, engine, fetched } = await import("/static/load.js");
  const worker = new Worker("/static/photo_worker.js", { type: "module" });
  const bytes = async (address) => (await fetched(address)).bytes;
  const file = async (address) => new File([await bytes(address)], "photo");
  await ask(worker, { task: "open", module: await engine("filters.wasm"), bytes: await bytes("/yunet.safetensors") });
  const config = await (await fetch("/verdict.json")).json();
  const [detector, traces, descriptor, seeds] = await Promise.all(
    [...weights("detector", "detector", "traces"), ...weights(name, "descriptor", "seeds")].map(bytes),
  );
  await ask(worker, { task: "openJudge", files: { detector, traces }, config });
  await ask(worker, { task: "openFinder", id: name, files: { descriptor, seeds } });
  const { said, preview } = await ask(worker, { task: "judge", file: await file("/group.png") });
  const { squares } = await ask(worker, { task: "judge", file: await file("/own.jpg") });
  const { seen, seeds: found } = await ask(worker, { task: "candidates", id: name, squares });
  const [likeness] = await ask(worker, { task: "likenesses", square: seen, faces: own });
  const verdicts = [said, ...said.others].map(({ headline, sentences }) => [headline, ...sentences]);
  return { verdicts, nearest: found[0], likeness, meadow: [...preview.data.subarray(0, 3)] };
}

await check().catch((error) => send("error", String(error.stack ?? error)));
await send("done", navigator.userAgent);
