// Why the network answers so: methods on demand, drawn on the input; and parts of it erased.

import { events, post } from "./api.js";
import { button, labelled, make, option } from "./dom.js";
import { still } from "./views.js";

export class Why {
  constructor(lane) {
    this.lane = lane;
    const { methods } = lane.details;
    const maps = methods.filter((method) => method.kind === "map").map((method) => this.#button(method));
    const made = methods.filter((method) => method.kind === "input").map((method) => this.#button(method));
    this.buttons = [...maps, ...made];
    this.eraser = button("Erase a part", () => this.#toggleErase(), {
      ariaPressed: "false",
      className: "erase",
    });
    this.target = make("select", { onchange: () => this.#again() }, option("", "the answer"));
    this.target.append(...lane.details.classes.map((name) => option(name)));
    this.unit = null;
    this.bar = make("progress");
    this.what = make("span", { className: "note" });
    this.running = make(
      "div",
      { className: "running", hidden: true },
      this.bar,
      this.what,
      button("Cancel", () => this.stop()),
    );
    this.text = make("div", { className: "reading", ariaLive: "polite" });
    this.element = make(
      "section",
      { className: "why", ariaLabel: "Why?" },
      make("div", { className: "heading" }, make("h3", {}, "Why?"), labelled("explain", this.target)),
      make(
        "div",
        { className: "choices", role: "group", ariaLabel: "Evidence on the input" },
        ...maps,
        this.eraser,
      ),
      make("div", { className: "choices", role: "group", ariaLabel: "Inputs made for the answer" }, ...made),
      this.running,
      this.text,
    );
    this.element.hidden = true;
    this.erased = [];
  }

  #button(method) {
    const title = method.read.replaceAll("{target}", "the answer");
    const made = button(method.title, () => this.explain(method), { ariaPressed: "false", title });
    made.dataset.method = method.name;
    return made;
  }

  /** Another input: what was explained is over. */
  changed() {
    this.element.hidden = false;
    this.#press(null);
    this.text.replaceChildren();
    this.method = null;
    if (this.erasing) this.#erase([]);
  }

  /** Stop what is being computed. */
  stop() {
    this.aborter?.abort();
    this.aborter = null;
    this.running.hidden = true;
  }

  /** Explain a unit of a layer instead of a class, from now on. */
  about(layer, unit) {
    this.unit = { layer, unit };
    this.target.querySelector("[data-unit]")?.remove();
    const chosen = option("unit", `unit ${unit} of ${layer}`);
    chosen.dataset.unit = "";
    this.target.append(chosen);
    this.target.value = "unit";
    this.explain(this.method ?? this.lane.details.methods.find((method) => method.kind === "map"));
  }

  #again() {
    if (this.method) this.explain(this.method);
  }

  async explain(method) {
    const { lane } = this;
    if (this.erasing) this.#toggleErase();
    this.stop();
    if (this.method === method && this.shown === this.#aim()) {
      this.#press(null);
      this.method = null;
      this.text.replaceChildren();
      lane.restore();
      return;
    }
    this.method = method;
    this.shown = this.#aim();
    this.#press(method.name);
    this.text.replaceChildren();
    this.bar.removeAttribute("value");
    this.what.textContent = method.title;
    this.running.hidden = false;
    const aborter = (this.aborter = new AbortController());
    const { layer = null, unit = null } = this.target.value === "unit" ? this.unit : {};
    const target = this.target.value === "unit" ? null : this.target.value || null;
    const input = this.lane.part.explained(lane);
    const body = { network: lane.name, input, methods: [method.name], target, layer, unit };
    try {
      for await (const [event, data] of events("explain", body, aborter.signal)) {
        if (aborter.signal.aborted) return;
        this[`_${event}`]?.(data);
      }
    } catch (error) {
      if (error.name !== "AbortError") this.#fail(error.message);
    } finally {
      if (this.aborter === aborter) this.stop();
    }
  }

  #aim() {
    return `${this.target.value} ${JSON.stringify(this.unit)}`;
  }

  _start({ view }) {
    if (view) this.lane.part.drawExplained(this.lane, view);
  }

  _progress({ what, done, of }) {
    this.what.textContent = of ? `${what}: ${done} of ${of}` : `${what}: ${done}`;
    if (of) {
      this.bar.max = of;
      this.bar.value = done;
    }
  }

  _skipped({ error }) {
    this.#fail(error);
  }

  _error({ error }) {
    this.#fail(error);
  }

  _result(result) {
    const kinds = make("div", { className: "choices", role: "group", ariaLabel: "Regions" });
    const show = (map) => {
      this.lane.stage.overlay(map, result);
      for (const one of kinds.children) one.ariaPressed = String(one.textContent === map.kind);
    };
    if (result.maps.length > 1) kinds.append(...result.maps.map((map) => button(map.kind, () => show(map))));
    if (result.maps.length) {
      show(result.maps[0]);
      this.lane.stage.element.scrollIntoView({ block: "nearest" });
    }
    const sentences = [result.read, result.numbers].filter(Boolean).map((words) => make("p", {}, words));
    const notes = [result.passed, result.details]
      .filter(Boolean)
      .map((words) => make("p", { className: "note" }, words));
    const shown = result.shown.map(({ view, words, box }) =>
      view ? still(view, words, box) : make("figure", { className: "still" }, make("figcaption", {}, words)),
    );
    this.text.replaceChildren(kinds, make("div", { className: "gallery" }, ...shown), ...sentences, ...notes);
    this.element.dataset.value = result.value;
    this.element.dataset.method = result.method;
  }

  #fail(words) {
    this.text.append(make("p", { className: "error" }, words));
  }

  #press(name) {
    for (const one of this.buttons) one.ariaPressed = String(one.dataset.method === name);
  }

  // Erasing: parts are taken by the view, and the answer without them is compared with that before.

  get erasing() {
    return this.eraser.ariaPressed === "true";
  }

  #toggleErase() {
    const on = !this.erasing;
    this.eraser.ariaPressed = String(on);
    this.stop();
    this.#press(null);
    this.method = null;
    this.lane.restore();
    if (on) {
      this.#erase([]);
      this.lane.stage.pick((cells) => this.#erase([...this.erased, ...cells]));
    } else {
      this.erased = [];
      this.text.replaceChildren();
      this.lane.part.listen(this.lane);
    }
  }

  async #erase(cells) {
    const { lane } = this;
    this.erased = cells;
    const undo = button("Put everything back", () => this.#erase([]));
    this.text.replaceChildren(make("p", {}, lane.part.eraseWords), ...(cells.length ? [undo] : []));
    const body = { network: lane.name, input: lane.part.explained(lane), cells };
    try {
      const { best, before, view, filling } = await post("without", body);
      if (this.erased !== cells || !this.erasing) return;
      if (!cells.length && view) lane.part.drawExplained(lane, view);
      lane.stage.view.remove(cells);
      lane.bars.compare(
        best,
        before,
        `What is erased is replaced (${filling}). The thin line is the probability before.`,
      );
      this.element.dataset.erased = cells.length;
    } catch (error) {
      this.#fail(error.message);
    }
  }
}
