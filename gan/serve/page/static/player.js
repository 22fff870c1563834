// "Play from the start": an animated picture starts over when it is loaded under another address.
element.addEventListener("click", async (event) => {
  if (event.target.name !== "play") return;
  const image = element.querySelector("img");
  element.querySelector("source")?.remove(); // whoever asks for motion gets it
  const data = await (await fetch(element.querySelector("a").href)).blob();
  const old = image.src;
  image.src = URL.createObjectURL(data);
  if (old.startsWith("blob:")) URL.revokeObjectURL(old);
});
