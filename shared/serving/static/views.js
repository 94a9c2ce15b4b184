// What a network sees, drawn by the kind of view.

import { Board } from "./board.js";
import { make } from "./dom.js";
import { Cells, Picture, Spectrogram } from "./raster.js";
import { Words } from "./words.js";

const KINDS = { picture: Picture, cells: Cells, spectrogram: Spectrogram, words: Words, board: Board };

export const viewOf = (kind) => new KINDS[kind]();

/** A view that stands alone, such as an example, with its caption and a frame around a part. */
export function still(view, words, box = null, attributes = {}) {
  const drawn = viewOf(view.kind);
  drawn.update(view);
  if (box) drawn.frame(box);
  drawn.element.inert = true;
  const lines = words.split("\n").flatMap((line, n) => (n ? [make("br"), line] : [line]));
  const figure = make(
    "figure",
    { className: `still ${view.kind}` },
    drawn.element,
    make("figcaption", {}, ...lines),
  );
  for (const [name, value] of Object.entries(attributes)) figure.dataset[name] = value;
  return figure;
}
