// The answer: the likeliest class in words, and the probabilities of classes as bars.

import { make, percent } from "./dom.js";

/** Classes to ask for; of no more, all stand in their own order: bars stay in their places as one draws. */
export const TOP = 12;

export class Bars {
  constructor(classes, empty) {
    this.classes = classes;
    this.empty = empty;
    this.lead = make("p", { className: "lead", ariaLive: "polite" });
    this.notes = make("ul", { className: "notes" });
    this.body = make("tbody");
    const table = make("table", { className: "bars", ariaLabel: "Probabilities" }, this.body);
    this.element = make("div", { className: "answer" }, this.lead, table, this.notes);
    const longest = Math.max(...classes.map((name) => name.length));
    this.element.style.setProperty("--name", `${Math.min(longest, 12) + 1}ch`);
    this.clear();
  }

  /** No input: what to do instead. */
  clear(words = this.empty) {
    this.lead.replaceChildren(make("span", { className: "note" }, words));
    this.notes.replaceChildren();
    this.body.replaceChildren();
    delete this.element.dataset.answer;
  }

  /** The answer of a row, in `words`; its classes, sorted, in `best`. */
  update(row, words = []) {
    const [first] = row.best;
    this.element.dataset.answer = first?.name ?? "";
    this.#lead(row.answer ?? first?.name ?? "no move", row.probability ?? first?.probability);
    const notes = [...words, ...(row.remarks ?? [])];
    if (row.sure === "no") notes.unshift("The network is unsure.");
    if (row.familiar !== null && row.familiar !== undefined)
      notes.push(`Familiar: ${percent(row.familiar)} of validation inputs are at least as unlike.`);
    this.notes.replaceChildren(...notes.map((note) => make("li", {}, note)));
    this.#bars(row.best);
  }

  /** The answer without the parts that were erased, and how it differs from that before. */
  compare(best, before, words) {
    this.element.dataset.answer = best[0].name;
    this.#lead(best[0].name, best[0].probability);
    this.notes.replaceChildren(make("li", {}, words));
    this.#bars(best, new Map(before.map((one) => [one.name, one.probability])));
  }

  #lead(name, probability) {
    const share = probability === undefined ? "" : ` ${percent(probability)}`;
    this.lead.replaceChildren(make("strong", {}, name), share);
  }

  #bars(best, before = null) {
    const fixed = best.length >= this.classes.length;
    const place = new Map(this.classes.map((name, n) => [name, n]));
    const shown = fixed ? [...best].sort((a, b) => place.get(a.name) - place.get(b.name)) : best;
    while (this.body.rows.length > shown.length) this.body.deleteRow(-1);
    shown.forEach((one, n) => {
      const row = this.body.rows[n] ?? this.body.appendChild(emptyRow());
      const [name, bar, value] = row.cells;
      row.dataset.name = one.name;
      row.dataset.probability = one.probability;
      row.className = one.name === best[0].name ? "first" : "";
      name.textContent = one.name;
      name.title = one.name;
      bar.firstChild.style.width = `${100 * one.probability}%`;
      const earlier = before?.get(one.name);
      bar.lastChild.hidden = !(earlier > 0.005);
      bar.lastChild.style.left = `${100 * (earlier ?? 0)}%`;
      const change = earlier === undefined ? "" : ` ${signed(100 * (one.probability - earlier))}`;
      value.textContent = percent(one.probability) + change;
    });
  }
}

function emptyRow() {
  const bar = make("td", {}, make("i", { className: "bar" }), make("i", { className: "was", hidden: true }));
  return make("tr", {}, make("th", { scope: "row" }), bar, make("td"));
}

const signed = (points) => `(${points < 0 ? "−" : "+"}${Math.abs(points).toFixed(1)})`;
