// A sentence: its words on the colour of their relevance, unknown ones grey.

import { chip, largest } from "./colours.js";
import { make } from "./dom.js";

const FAINT = 0.05; // of the strongest: what is weaker has no colour

export class Words {
  constructor() {
    this.element = make("p", { className: "view words", dir: "auto" });
    this.element.addEventListener("click", (event) => this.#take(event));
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        this.#take(event);
      }
    });
  }

  /** Write the words; with the sentence's parts also what stands between them, and what filters picked. */
  update(view, { parts = [] } = {}) {
    this.spans = view.words.map((word, n) => {
      const span = make("span", { className: "word" }, word);
      span.dataset.word = n;
      if (view.unknown[n]) {
        span.classList.add("unknown");
        span.title = "training never saw this word";
      }
      return span;
    });
    let next = 0;
    this.weights = view.words.map(() => 0);
    const written = parts.map((part) => {
      if (part.text !== view.words[next]) return part.text;
      this.weights[next] = part.weight;
      return this.spans[next++];
    });
    const whole = next === this.spans.length;
    this.element.replaceChildren(...(whole ? written : this.spans.flatMap((span) => [span, " "])));
    this.overlay(null);
    this.pick(this.taken ?? null);
  }

  /** Colour the words by their relevance; null: by what the strongest filters picked. */
  overlay(map) {
    const values = map ? map.values.map(([value]) => value) : this.weights;
    const most = map ? largest(values) : 1;
    this.spans.forEach((span, n) => {
      const share = span.classList.contains("unknown") ? 0 : values[n] / most;
      [span.style.background, span.style.color] = Math.abs(share) < FAINT ? ["", ""] : chip(share);
    });
  }

  /** Strike out words that were taken away. */
  remove(cells) {
    const gone = new Set(cells.map(([word]) => word));
    this.spans.forEach((span, n) => span.classList.toggle("removed", gone.has(n)));
  }

  frame([first, end]) {
    this.spans.slice(first, end).forEach((span) => span.classList.add("framed"));
  }

  /** Let words be taken, each by a click or with Enter. */
  pick(taken) {
    this.taken = taken;
    for (const span of this.spans ?? []) {
      span.classList.toggle("picking", taken !== null);
      if (taken) {
        span.role = "button";
        span.tabIndex = 0;
      } else {
        span.removeAttribute("role");
        span.removeAttribute("tabindex");
      }
    }
  }

  #take(event) {
    const word = event.target.dataset.word;
    if (this.taken && word !== undefined) this.taken([[Number(word), 0]]);
  }
}
