// A part of the page: an input, and a lane for each network that answers it.

import { labelled, make, option } from "./dom.js";
import { Lane } from "./lane.js";

export class Part {
  empty = "The answer appears here.";
  eraseWords = "Choose a part of what the network sees: drag a box, or click. With keys: arrows and Enter.";

  constructor(networks) {
    this.networks = networks;
    const names = networks.map(({ name }) => option(name));
    this.chosen = make("select", { onchange: () => this.#use() }, ...names);
    const others = networks.map(({ name }) => option(name));
    this.other = make("select", { onchange: () => this.#use() }, option("", "none"), ...others);
    this.controls = make("div", { className: "controls" });
    this.error = make("p", { className: "error", role: "alert" });
    this.lanes = [new Lane(this)];
    this.lanesElement = make("div", { className: "lanes" }, this.lanes[0].element);
    const { title, domain } = new.target;
    this.element = make(
      "section",
      { className: `part ${domain}`, ariaLabel: title },
      make(
        "div",
        { className: "networks" },
        labelled("Network", this.chosen),
        labelled("Compare with", this.other),
      ),
      (this.inputElement = make("div", { className: "input" }, this.controls, this.error)),
      this.lanesElement,
    );
  }

  /** Shown: the first time the network is loaded. */
  open() {
    if (!this.opened) this.#use();
    this.opened = true;
  }

  async #use() {
    const names = [this.chosen.value, this.other.value].filter(Boolean);
    while (this.lanes.length > names.length) this.lanes.pop().element.remove();
    while (this.lanes.length < names.length) {
      this.lanes.push(new Lane(this));
      this.lanesElement.append(this.lanes.at(-1).element);
    }
    this.element.classList.toggle("compared", names.length > 1);
    const uses = names.map((name, n) => {
      if (this.lanes[n].name === name) return null;
      return this.lanes[n].use(this.networks.find((one) => one.name === name));
    });
    await Promise.all(uses);
    this.used(this.lanes[0].details);
  }

  /** The input changed: all lanes answer it. */
  changed(since = performance.now()) {
    this.error.textContent = "";
    const input = this.input();
    for (const lane of this.lanes) lane.ask(input, since);
  }

  /** Run what may fail because of a user's file or device, and show why. */
  async tried(task) {
    this.error.textContent = "";
    try {
      await task();
    } catch (error) {
      this.error.textContent = error.message;
    }
  }

  // What parts override.

  /** The input as the server takes it; null: there is none yet. */
  input() {
    return null;
  }

  /** The first network was loaded. */
  used(details) {}

  /** That of which a lane explains the answer. */
  explained(lane) {
    return lane.input;
  }

  /** Show an answer in a lane. */
  present(lane, { view, rows, notes }) {
    lane.stage.show(view);
    lane.stage.caption.textContent =
      view.kind === "picture" ? `What the network sees: ${view.width} × ${view.height}` : "";
    lane.bars.update(rows[0], notes);
    this.listen(lane);
  }

  /** The server refused an input. */
  refused(lane) {}

  /** Show what an explanation, or what is left after erasing, is about. */
  drawExplained(lane, view) {
    lane.stage.show(view);
  }

  /** What a click on the input does while nothing is erased. */
  listen(lane) {
    lane.stage.pick(null);
  }
}
