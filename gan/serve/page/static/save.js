// A file that the server made for a download button, as {name, url}, handed to the browser.
(file) => {
  const anchor = document.createElement("a");
  anchor.href = file.url;
  anchor.download = file.name;
  anchor.click();
}
