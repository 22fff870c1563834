// Downloads a file that the server made for a button, given as {name, url}.
(file) => {
  const anchor = document.createElement("a");
  anchor.href = file.url;
  anchor.download = file.name;
  anchor.click();
}
