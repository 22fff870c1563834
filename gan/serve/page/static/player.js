// "Play from the start": an animated picture restarts when it is loaded from another address.
element.addEventListener("click", async (event) => {
  if (event.target.name === "file") return trigger("file", { format: event.target.value }); // the server makes it now
  if (event.target.name !== "play") return;
  const image = element.querySelector("img");
  element.querySelector("source")?.remove(); // the visitor asked for motion
  const data = await (await fetch(element.querySelector("a").href)).blob();
  const old = image.src;
  image.src = URL.createObjectURL(data);
  if (old.startsWith("blob:")) URL.revokeObjectURL(old);
});
