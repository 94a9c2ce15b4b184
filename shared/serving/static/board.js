// A Go board: stones, the policy as heat on points, relevance on stones; played with mouse, touch or keys.

import { aboutWhite, css, largest, relevance } from "./colours.js";
import { make, percent, svg } from "./dom.js";

const LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ";
const COLOURS = ["empty", "black", "white"];
const NAMED = 3; // likeliest points that bear their probability
const SEEN = 0.004; // a smaller probability has no heat
const FAINT = 0.03; // of the largest relevance: what is less has no colour

/** The name of a point, such as D4. */
export const pointName = (row, column, size) => `${LETTERS[column]}${size - row}`;

/** Row and column of a name. */
export const pointOf = (name, size) => [size - Number(name.slice(1)), LETTERS.indexOf(name[0])];

/** The lines of a board, its star points, and the names of rows and columns, in units of a point. */
function lines(size) {
  const ends = [1, size];
  const at = (n) => n + 1;
  const all = Array.from({ length: size }, (_, n) => at(n));
  const edge = size < 13 ? 3 : 4;
  const stars = size < 9 ? [] : [edge, (size + 1) / 2, size + 1 - edge].filter(Number.isInteger);
  const number = (x, y, words) => svg("text", { x, y }, String(words));
  return svg(
    "svg",
    { viewBox: `0 0 ${size + 1} ${size + 1}`, "aria-hidden": "true" },
    svg("path", {
      class: "lines",
      d: all.map((n) => `M${ends[0]} ${n}H${ends[1]}M${n} ${ends[0]}V${ends[1]}`).join(""),
    }),
    ...stars.flatMap((y) => stars.map((x) => svg("circle", { cx: x, cy: y, r: 0.09, class: "star" }))),
    ...all.flatMap((n) => [
      ...[0.3, size + 0.7].map((y) => number(n, y, LETTERS[n - 1])),
      ...[0.3, size + 0.7].map((x) => number(x, n, size + 1 - n)),
    ]),
  );
}

export class Board {
  constructor() {
    this.element = make("div", { className: "view board" });
    this.element.addEventListener("click", (event) => this.#take(event.target.closest("[role=gridcell]")));
    this.element.addEventListener("keydown", (event) => this.#key(event));
    this.cursor = null;
  }

  /** Draw a position; with `policy` its heat, with `numbers` those of the moves by point, with `ring` a point. */
  update(view, { policy = null, numbers = null, legal = null, ring = null } = {}) {
    if (view.size !== this.size) this.#build(view.size);
    const { size } = view;
    const ranked = policy ? policy.flat().sort((a, b) => b - a) : [];
    this.view = view;
    this.element.dataset.colour = view.colour;
    this.#each((cell, row, column) => {
      const stone = view.stones[row][column];
      const share = policy ? policy[row][column] : 0;
      const named = share > 0.02 && share >= ranked[NAMED - 1];
      const isLast = view.last?.[0] === row && view.last?.[1] === column;
      const name = pointName(row, column, size);
      cell.className = `point ${COLOURS[stone]}${isLast ? " last" : ""}`;
      cell.classList.toggle("legal", !stone && (!legal || Boolean(legal[row][column])));
      cell.classList.toggle("ring", name === ring);
      cell.classList.toggle("ko", view.ko?.[0] === row && view.ko?.[1] === column);
      const number = numbers?.get(name);
      const words = stone && number ? number : named ? Math.round(100 * share) : "";
      cell.firstChild.textContent = words;
      cell.firstChild.className = share > 0.25 && named ? "bright" : "";
      cell.style.setProperty("--heat", share > SEEN ? heat(share) : "transparent");
      cell.style.setProperty("--relevance", "transparent");
      const spoken = [`${name}, ${COLOURS[stone]}`];
      if (number) spoken.push(`move ${number}`);
      if (isLast) spoken.push("last move");
      if (share > SEEN) spoken.push(percent(share));
      cell.ariaLabel = spoken.join(", ");
    });
  }

  /** Show a stone at once, until the server has answered. */
  preview(point, colour) {
    if (point === "pass") return;
    const [row, column] = pointOf(point, this.size);
    if (!this.view.stones[row][column]) this.cells[row][column].className = `point ${colour}`;
  }

  /** Colour the points by their relevance; null: none. */
  overlay(map) {
    const most = map ? largest(map.values) : 1;
    this.element.classList.toggle("covered", map !== null);
    this.#each((cell, row, column) => {
      const share = map ? map.values[row][column] / most : 0;
      const colour = this.view.stones[row][column] ? aboutWhite(1.5 * share) : relevance(share);
      cell.style.setProperty("--relevance", Math.abs(share) < FAINT ? "transparent" : css(colour));
    });
  }

  /** Take stones from the board. */
  remove(cells) {
    const gone = new Set(cells.map(([row, column]) => pointName(row, column, this.size)));
    this.#each((cell) => cell.classList.toggle("removed", gone.has(cell.dataset.point)));
  }

  frame([first, end, left, right]) {
    this.#each((cell, row, column) => {
      const inside = row >= first && row < end && column >= left && column < right;
      cell.classList.toggle("framed", inside);
    });
  }

  /** Let points be taken, by a click or with Enter; null: not any more. */
  pick(taken) {
    this.taken = taken;
    this.element.classList.toggle("picking", taken !== null);
  }

  #build(size) {
    this.size = size;
    this.cursor = [size >> 1, size >> 1];
    this.cells = Array.from({ length: size }, (_, row) =>
      Array.from({ length: size }, (_, column) => {
        const cell = make("div", { role: "gridcell", tabIndex: -1 }, make("span"));
        cell.dataset.point = pointName(row, column, size);
        return cell;
      }),
    );
    const rows = this.cells.map((row) => make("div", { role: "row" }, ...row));
    const grid = make(
      "div",
      { role: "grid", className: "points", ariaLabel: `Board of ${size} × ${size}` },
      ...rows,
    );
    grid.style.setProperty("--size", size);
    this.element.style.setProperty("--size", size);
    this.element.replaceChildren(lines(size), grid);
    this.#focusable();
  }

  #each(act) {
    this.cells.forEach((row, r) => row.forEach((cell, c) => act(cell, r, c)));
  }

  #focusable() {
    this.#each((cell, row, column) => {
      cell.tabIndex = row === this.cursor[0] && column === this.cursor[1] ? 0 : -1;
    });
  }

  #take(cell) {
    if (!cell) return;
    this.cursor = pointOf(cell.dataset.point, this.size);
    this.#focusable();
    this.taken?.([this.cursor]);
  }

  #key(event) {
    const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.#take(this.cells[this.cursor[0]][this.cursor[1]]);
    } else if (event.key in steps) {
      event.preventDefault();
      const kept = (value) => Math.min(Math.max(value, 0), this.size - 1);
      this.cursor = this.cursor.map((place, n) => kept(place + steps[event.key][n]));
      this.#focusable();
      this.cells[this.cursor[0]][this.cursor[1]].focus();
    }
  }
}

/** From pale to dark blue: the likelier, the fuller. */
function heat(share) {
  const dark = Math.sqrt(share);
  return css([80 - 66 * dark, 150 - 105 * dark, 220 - 94 * dark, 255 * Math.min(0.18 + 1.3 * dark, 1)]);
}
