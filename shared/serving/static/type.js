// Type: a sentence, and its class as one types.

import { button, labelled, make, percent } from "./dom.js";
import { Part } from "./part.js";

const TRIES = ["a warm, funny and moving film", "not as dull as its title", "neither funny nor moving"];

export class Type extends Part {
  static domain = "text";
  static title = "Type";
  empty = "Type a sentence: the answer appears here.";
  eraseWords = "Choose a word to take it away.";

  constructor(networks) {
    super(networks);
    this.field = make("textarea", { rows: 2, spellcheck: false, maxLength: 10000, value: TRIES[0] });
    this.field.addEventListener("input", () => this.changed());
    const tries = TRIES.map((words) => button(words, () => this.#write(words)));
    this.controls.append(
      labelled("A sentence", this.field, { className: "above" }),
      make("div", { className: "tools" }, ...tries),
    );
  }

  input() {
    return this.field.value.trim() ? { text: this.field.value } : null;
  }

  #write(words) {
    this.field.value = words;
    this.changed();
  }

  present(lane, { view, rows, parts, notes }) {
    lane.stage.show(view, { parts });
    const [row] = rows;
    lane.bars.update({ ...row, answer: row.label }, notes);
    const shares = new Map();
    for (const { name, share } of row.filters) shares.set(name, (shares.get(name) ?? 0) + share);
    const picked = [...shares].sort((a, b) => b[1] - a[1]);
    const items = picked.map(([name, share]) => make("li", {}, make("q", {}, name), ` ${percent(share)}`));
    const words = items.length ? "The strongest filters picked:" : "No filter supports this answer.";
    lane.extra.replaceChildren(
      make("p", { className: "note" }, words),
      make("ul", { className: "picks" }, ...items),
    );
    const grey = view.unknown.some(Boolean) ? " Grey: training never saw the word." : "";
    lane.stage.caption.textContent = `What filters picked: blue supports the answer, orange opposes it.${grey}`;
    this.listen(lane);
  }

  drawExplained(lane, view) {
    lane.stage.show(view, { parts: lane.latest.parts });
    lane.stage.caption.textContent = "";
  }
}
