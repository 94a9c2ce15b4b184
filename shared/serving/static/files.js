// Files from the user: chosen, dropped, pasted, or the examples that come with a network.

import { sample } from "./api.js";
import { button, make } from "./dom.js";

/** A button that chooses a file; `given` is called with it. */
export function chooser(words, accept, given) {
  const field = make("input", { type: "file", accept, className: "hidden", tabIndex: -1, ariaLabel: words });
  field.addEventListener("change", () => {
    if (field.files[0]) given(field.files[0]);
    field.value = "";
  });
  return make(
    "span",
    { className: "chooser" },
    button(words, () => field.click()),
    field,
  );
}

/** Let files be dropped on an element, and pasted while it is shown. */
export function takesFiles(element, kind, given) {
  element.addEventListener("dragover", (event) => {
    event.preventDefault();
    element.classList.add("dropping");
  });
  for (const name of ["dragleave", "drop"])
    element.addEventListener(name, () => element.classList.remove("dropping"));
  element.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files[0]) given(event.dataTransfer.files[0]);
  });
  document.addEventListener("paste", (event) => {
    const pasted = [...event.clipboardData.files].find((file) => file.type.startsWith(kind));
    if (pasted && element.checkVisibility()) given(pasted);
  });
}

/** Buttons for the examples of a network; `given` is called with the promise of a file. */
export const examples = ({ name, samples }, given) =>
  samples.map((file) => button(`Try ${file}`, () => given(sample(name, file))));

/** Let the user keep a text as a file. */
export function save(text, name) {
  const url = URL.createObjectURL(new Blob([text], { type: "application/octet-stream" }));
  make("a", { href: url, download: name }).click();
  URL.revokeObjectURL(url);
}
