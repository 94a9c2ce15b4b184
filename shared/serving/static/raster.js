// Views made of cells: pictures, spectrograms, and whatever else is a grid of values.

import { ends, largest, magma, paint, relevance } from "./colours.js";
import { fresh, hidden, make } from "./dom.js";

const RANGE = 60; // decibels below the loudest that are shown
const HERTZ = [100, 200, 500, 1000, 2000, 4000, 8000];
const PART = 7; // a click, or the keyboard's box, takes a seventh of each axis

class Raster {
  #start = null;

  constructor(kind, words) {
    this.words = words;
    this.canvas = make("canvas", { className: "cells", role: "img" });
    this.cover = make("canvas", { className: "cover", ariaHidden: "true" });
    this.box = make("div", { className: "box", hidden: true });
    this.help = make(
      "span",
      { className: "hidden", id: fresh("help") },
      "Arrow keys move a box, Enter takes it.",
    );
    this.plane = make("div", { className: "plane" }, this.canvas, this.cover, this.box);
    this.element = make("div", { className: `view ${kind}` }, this.plane, this.help);
    this.plane.addEventListener("pointerdown", (event) => this.#down(event));
    this.plane.addEventListener("pointermove", (event) => this.#move(event));
    this.plane.addEventListener("pointerup", (event) => this.#up(event));
    this.plane.addEventListener("pointercancel", () => this.#end());
    this.plane.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Draw a view, whose cells are (height, width). */
  update(view) {
    [this.height, this.width] = this.sizes(view);
    this.draw(view);
    this.canvas.ariaLabel = `${this.words}, ${this.width} × ${this.height}`;
    this.overlay(null);
  }

  /** Colour the cells by their relevance; null: none. */
  overlay(map) {
    this.element.classList.toggle("covered", map !== null);
    if (!map) {
      this.cover.width = this.cover.height = 0;
      return;
    }
    const most = largest(map.values);
    const values = this.upright(map.values);
    paint(this.cover, values, (value) => relevance(value / most));
  }

  /** Grey out cells that were taken away. */
  remove(cells) {
    if (!cells.length) return this.overlay(null);
    const gone = Array.from({ length: this.height }, () => Array(this.width).fill(false));
    for (const [row, column] of cells) gone[row][column] = true;
    paint(this.cover, this.upright(gone), (taken) => [150, 154, 160, taken ? 255 : 0]);
  }

  /** Frame a box [row, row, column, column], half open. */
  frame(box) {
    const [first, end, left, right] = this.turned(box);
    Object.assign(this.box.style, {
      top: `${(100 * first) / this.height}%`,
      height: `${(100 * (end - first)) / this.height}%`,
      left: `${(100 * left) / this.width}%`,
      width: `${(100 * (right - left)) / this.width}%`,
    });
    this.box.hidden = false;
  }

  /** Let a part be taken: `taken` is called with its cells; null: not any more. */
  pick(taken) {
    this.taken = taken;
    this.plane.classList.toggle("picking", taken !== null);
    if (taken) {
      this.plane.tabIndex = 0;
      this.plane.role = "application";
      this.plane.ariaLabel = `${this.words}: choose a part`;
      this.plane.setAttribute("aria-describedby", this.help.id);
    } else {
      for (const name of ["tabindex", "role", "aria-label", "aria-describedby"])
        this.plane.removeAttribute(name);
      this.#end();
    }
  }

  // A picture's first row is on top; a spectrogram turns its bands.
  upright(values) {
    return values;
  }

  turned(box) {
    return box;
  }

  #at(event) {
    const place = this.plane.getBoundingClientRect();
    const along = (value, size) => Math.min(Math.max(Math.floor(value * size), 0), size - 1);
    return [
      along((event.clientY - place.top) / place.height, this.height),
      along((event.clientX - place.left) / place.width, this.width),
    ];
  }

  #down(event) {
    if (!this.taken) return;
    this.plane.setPointerCapture(event.pointerId);
    this.#start = this.#at(event);
  }

  #move(event) {
    if (this.#start) this.frame(this.turned(this.#between(this.#start, this.#at(event))));
  }

  #up(event) {
    if (!this.#start) return;
    const [start, end] = [this.#start, this.#at(event)];
    const single = Math.abs(start[0] - end[0]) + Math.abs(start[1] - end[1]) < 2;
    this.#take(single ? this.#around(start) : this.#between(start, end));
    this.#end();
  }

  #end() {
    this.#start = null;
    this.box.hidden = true;
  }

  #between([row, column], [r, c]) {
    return [Math.min(row, r), Math.max(row, r) + 1, Math.min(column, c), Math.max(column, c) + 1];
  }

  #around([row, column]) {
    const [high, wide] = [this.height, this.width].map((size) => Math.max(Math.round(size / PART), 1));
    const top = Math.min(Math.max(row - (high >> 1), 0), this.height - high);
    const left = Math.min(Math.max(column - (wide >> 1), 0), this.width - wide);
    return [top, top + high, left, left + wide];
  }

  #take(shown) {
    const [first, end, left, right] = this.turned(shown);
    const cells = [];
    for (let row = first; row < end; row++)
      for (let column = left; column < right; column++) cells.push([row, column]);
    this.taken(cells);
  }

  #key(event) {
    const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    if (!this.taken || (event.key !== "Enter" && !(event.key in steps))) return;
    event.preventDefault();
    this.cursor ??= [this.height >> 1, this.width >> 1];
    if (event.key === "Enter") return this.#take(this.#around(this.cursor));
    const [down, right] = steps[event.key];
    const step = (size) => Math.max(Math.round(size / PART / 2), 1);
    this.cursor = [
      Math.min(Math.max(this.cursor[0] + down * step(this.height), 0), this.height - 1),
      Math.min(Math.max(this.cursor[1] + right * step(this.width), 0), this.width - 1),
    ];
    this.frame(this.turned(this.#around(this.cursor)));
  }
}

export class Picture extends Raster {
  constructor() {
    super("picture", "What the network sees");
  }

  sizes(view) {
    return [view.height, view.width];
  }

  async draw(view) {
    this.latest = view;
    const image = new Image();
    image.src = `data:image/png;base64,${view.png}`;
    await image.decode();
    if (this.latest !== view) return;
    this.canvas.width = view.width;
    this.canvas.height = view.height;
    this.canvas.getContext("2d").drawImage(image, 0, 0);
  }
}

/** An input without another form: its values from dark to bright. */
export class Cells extends Raster {
  constructor() {
    super("values", "Values of the input");
  }

  sizes(view) {
    return [view.values.length, view.values[0].length];
  }

  draw(view) {
    const [low, high] = ends(view.values);
    paint(this.canvas, view.values, (value) => magma((value - low) / (high - low || 1)));
  }
}

/** Levels by frequency and time. */
export class Spectrogram extends Raster {
  constructor() {
    super("spectrogram", "Spectrogram");
    this.hertz = make("div", { className: "hertz", ariaHidden: "true" });
    this.times = make("div", { className: "times", ariaHidden: "true" });
    this.line = make("div", { className: "moment", hidden: true }, hidden("the moment that is explained"));
    this.below = make("div", { className: "strip" });
    this.plane.append(this.line);
    this.element.prepend(this.hertz);
    this.element.append(this.times, this.below);
  }

  sizes(view) {
    return [view.values.length, view.values[0].length];
  }

  upright(values) {
    return [...values].reverse();
  }

  turned([first, end, left, right]) {
    return [this.height - end, this.height - first, left, right];
  }

  draw(view) {
    this.view = view;
    const [low, high] = ends(view.values);
    const range = view.unit === "dB" ? RANGE : high - low || 1;
    const colour = (value) => magma(1 + (value - high) / range);
    paint(this.canvas, this.upright(view.values), colour);
    this.line.hidden = view.moment === null;
    this.line.style.left = `${100 * this.share(view.moment ?? 0)}%`;
    this.hertz.replaceChildren(...this.#bands(view.hertz));
    this.times.replaceChildren(...this.#seconds(view));
  }

  /** Where a moment in seconds lies, from 0 to 1. */
  share(seconds) {
    return (seconds - this.view.first) / this.view.seconds;
  }

  /** Where a cell's column lies, in seconds. */
  seconds(column) {
    return this.view.first + ((column + 0.5) / this.width) * this.view.seconds;
  }

  #bands(hertz) {
    const ticks = HERTZ.filter((value) => value >= hertz[0] && value <= hertz.at(-1));
    return ticks.map((value) => {
      const above = hertz.findIndex((centre) => centre >= value);
      const low = hertz[above - 1] ?? value;
      const place = above - (hertz[above] - value) / (hertz[above] - low || 1) + 0.5;
      const tick = make("span", {}, value >= 1000 ? `${value / 1000} kHz` : `${value} Hz`);
      tick.style.bottom = `${(100 * place) / hertz.length}%`;
      return tick;
    });
  }

  #seconds(view) {
    const step = [0.1, 0.2, 0.5, 1, 2, 5, 10].find((size) => view.seconds / size <= 8) ?? 20;
    const ticks = [];
    for (let n = Math.ceil(view.first / step - 1e-6); n * step <= view.first + view.seconds; n++) {
      const tick = make("span", {}, `${Number((n * step).toFixed(1))} s`);
      tick.style.left = `${100 * this.share(n * step)}%`;
      ticks.push(tick);
    }
    return ticks;
  }
}
