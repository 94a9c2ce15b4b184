// The layers of a network: feature maps of the input, filters, and real inputs that excite a unit most.

import { events, get, post } from "./api.js";
import { aboutWhite, magma, paint } from "./colours.js";
import { button, count, make, short } from "./dom.js";
import { still } from "./views.js";

const MAPS = 32;

/** The layers as a table; `chosen` is called with the layer of a row. */
export function layerTable(layers, chosen = null) {
  const size = (output) => output.join(" × ");
  const head = ["layer", "output", "parameters", "FLOPs", "sees"].map((words) =>
    make("th", { scope: "col" }, words),
  );
  const rows = layers.map((layer) => {
    const name =
      chosen && (layer.maps || layer.filters) ? button(layer.name, () => chosen(layer)) : layer.name;
    const sees = layer.sees.map((cells) => cells ?? "all").join(" × ");
    const cells = [size(layer.output), count(layer.params), count(layer.flops), sees];
    const row = make(
      "tr",
      {},
      make("th", { scope: "row" }, name),
      ...cells.map((words) => make("td", {}, words)),
    );
    row.dataset.layer = layer.name;
    return row;
  });
  const table = make(
    "table",
    { className: "numbers" },
    make("thead", {}, make("tr", {}, ...head)),
    make("tbody", {}, ...rows),
  );
  return make("div", { className: "wide", tabIndex: 0, role: "region", ariaLabel: "Layers" }, table);
}

export class Layers {
  constructor(lane) {
    this.lane = lane;
    this.table = layerTable(lane.details.layers, (layer) => this.#choose(layer));
    this.maps = make("div", { className: "gallery small" });
    this.filters = make("div", { className: "gallery small" });
    this.units = make("div", { className: "gallery" });
    this.words = make("p", { className: "note", ariaLive: "polite" });
    this.element = make(
      "details",
      { className: "layers", ontoggle: () => this.changed() },
      make("summary", {}, "Layers: what each makes of this input"),
      this.table,
      this.words,
      this.maps,
      this.filters,
      this.units,
    );
    this.element.hidden = true;
  }

  /** Another input: the feature maps follow it. */
  changed() {
    this.element.hidden = false;
    if (this.element.open && this.layer) this.#showMaps();
  }

  #choose(layer) {
    this.layer = layer;
    for (const row of this.table.querySelectorAll("tr[data-layer]"))
      row.classList.toggle("chosen", row.dataset.layer === layer.name);
    for (const place of [this.maps, this.filters, this.units]) place.replaceChildren();
    this.#showMaps();
    if (layer.filters) this.#showFilters();
  }

  async #showMaps() {
    const { layer, lane } = this;
    if (!layer.maps || !lane.input) return;
    try {
      const body = { network: lane.name, input: lane.part.explained(lane), layer: layer.name, count: MAPS };
      const { maps, units } = await post("maps", body);
      if (this.layer !== layer) return;
      const chosen = maps.length < units ? `the ${maps.length} most active of ${units}` : units;
      this.words.textContent = `${layer.name}, units: ${chosen}. Bright is active. Choose one to see what excites it.`;
      this.maps.replaceChildren(...maps.map((map) => this.#map(map)));
    } catch (error) {
      this.words.textContent = error.message;
    }
  }

  #map({ unit, low, high, values }) {
    const canvas = make("canvas", { className: "cells", ariaHidden: "true" });
    const { kind } = this.lane.stage;
    const line = kind === "words" && values[0].length === 1; // one value a word: in a row, as one reads
    const shown = line ? [values.flat()] : kind === "spectrogram" ? [...values].reverse() : values;
    paint(canvas, shown, (value) => magma((value - low) / (high - low || 1)));
    canvas.classList.toggle("single", values.length * values[0].length === 1);
    const words = make("span", {}, `unit ${unit}`, make("small", {}, ` to ${short(high)}`));
    return make(
      "button",
      { type: "button", className: "tile", onclick: () => this.#unit(unit) },
      canvas,
      words,
    );
  }

  async #showFilters() {
    const { layer, lane } = this;
    try {
      const body = { network: lane.name, layer: layer.name, count: MAPS };
      const { filters, most, channels, number } = await get("filters", body);
      if (this.layer !== layer) return;
      const strongest = `The strongest ${filters.length} of ${number} filters`;
      const title = make("h4", {}, filters.length < number ? strongest : "Filters");
      const tiles = filters.map((filter) => this.#filter(filter, most, channels));
      this.filters.replaceChildren(title, ...tiles);
    } catch (error) {
      this.words.textContent = error.message;
    }
  }

  #filter({ unit, values, words }, most, channels) {
    const tile = make("button", { type: "button", className: "tile", onclick: () => this.#unit(unit) });
    if (words) {
      const rows = words.map((row) =>
        make("span", { className: "near" }, ...row.map((word) => make("span", {}, word))),
      );
      tile.append(make("span", { className: "rows" }, ...rows), `filter ${unit}`);
      return tile;
    }
    const coloured = channels.length === 3;
    const canvas = make("canvas", { className: "cells", ariaHidden: "true" });
    const grid = coloured
      ? values[0].map((row, r) => row.map((_, c) => values.map((channel) => channel[r][c])))
      : strongest(values);
    const shown = this.lane.stage.kind === "spectrogram" ? [...grid].reverse() : grid;
    const colour = (value) =>
      coloured ? [...value.map((one) => 127.5 * (1 + one / most)), 255] : aboutWhite(value / most);
    paint(canvas, shown, colour);
    const plane = values.length > 3 ? `, ${channels[strongestOf(values)]}` : "";
    tile.append(canvas, make("span", {}, `filter ${unit}${plane}`));
    return tile;
  }

  /** What excites a unit most, among real inputs; from now on the methods explain it. */
  async #unit(unit) {
    const { layer, lane } = this;
    const title = make("h4", {}, `Unit ${unit} of ${layer.name}`);
    const explain = button("Where in this input?", () => {
      lane.why.about(layer.name, unit);
      lane.element.scrollIntoView({ block: "start" });
    });
    const status = make(
      "p",
      { className: "note", role: "status" },
      "searching real inputs that excite it most …",
    );
    this.units.replaceChildren(title, explain, status);
    this.units.scrollIntoView({ block: "nearest" });
    if (!lane.details.has_data) {
      status.textContent = `Real inputs that excite it need the training data: ${lane.details.no_data}`;
      return;
    }
    const body = { network: lane.name, input: null, methods: ["top_patches"], layer: layer.name, unit };
    const shown = [];
    this.aborter?.abort();
    this.aborter = new AbortController();
    try {
      for await (const [event, data] of events("explain", body, this.aborter.signal)) {
        if (event === "progress")
          status.textContent = data.of ? `${data.what}: ${data.done} of ${data.of}` : data.what;
        if (event === "error" || event === "skipped") throw new Error(data.error);
        if (event === "result") {
          status.textContent = `${data.read} ${data.numbers}`;
          shown.push(
            ...data.shown.filter(({ view }) => view).map(({ view, words, box }) => still(view, words, box)),
          );
        }
      }
      this.units.append(...shown);
    } catch (error) {
      if (error.name !== "AbortError") status.textContent = error.message;
    }
  }
}

/** Of a filter's channels that with the largest weight. */
const strongestOf = (values) => {
  const sizes = values.map((channel) => Math.max(...channel.flat().map(Math.abs)));
  return sizes.indexOf(Math.max(...sizes));
};

const strongest = (values) => values[strongestOf(values)];
