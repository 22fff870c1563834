// Without a network: the page comes from one cache, which a new build replaces as a whole, and weights from another, where
// they stay, since a folder of weights never changes under its name.
const PAGE = "seedfaces-BUILD";
const FILES = []; // all files but those of weights: the build writes their names
const WEIGHTS = "seedfaces-weights";

addEventListener("install", (event) => {
  skipWaiting();
  const all = FILES.map((file) => new Request(file, { cache: "no-cache" }));
  event.waitUntil(caches.open(PAGE).then((cache) => cache.addAll(all)));
});
addEventListener("activate", (event) => {
  const old = (name) => name.startsWith("seedfaces-") && ![PAGE, WEIGHTS].includes(name);
  const renew = async () => {
    await Promise.all((await caches.keys()).filter(old).map((name) => caches.delete(name)));
    await dropWeights();
    await clients.claim();
  };
  event.waitUntil(renew());
});

// told by the page which weights it has loaded before this script was there
addEventListener("message", (event) => event.waitUntil(Promise.all(event.data.map((file) => weights(file)))));

addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith(String(new URL("./", location)))) return;
  const ofWeights = request.url.startsWith(String(new URL("weights/", location)));
  event.respondWith(ofWeights ? weights(request) : page(request));
});

/** A file of weights: from the cache, or from the network into it. */
async function weights(request) {
  const cache = await caches.open(WEIGHTS);
  const known = await cache.match(request);
  if (known) return known;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}

/** A file of the page: from the cache of this build. The query of a link belongs to the page, not to the file. */
async function page(request) {
  const cache = await caches.open(PAGE);
  const known = await cache.match(request, { ignoreSearch: true });
  if (known) return known;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone()); // figures and pictures of About
  return answer;
}

/** Forgets weights that this build no longer has. */
async function dropWeights() {
  const list = await (await caches.match("weights.json", { cacheName: PAGE })).json();
  const ofFaces = list.weights.flatMap(({ generator, directions, index }) => [
    generator,
    ...directions.map(({ file }) => file),
    ...Object.values(index ?? {}),
  ]);
  const held = [...ofFaces, ...Object.values(list.photos)];
  const addresses = held.map((file) => String(new URL(file, location)));
  const cache = await caches.open(WEIGHTS);
  const requests = await cache.keys();
  await Promise.all(requests.filter(({ url }) => !addresses.includes(url)).map((request) => cache.delete(request)));
}
