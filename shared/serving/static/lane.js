// A lane: one network, what it sees of the input, its answer, the reasons, and its layers.

import { Newest, network, post } from "./api.js";
import { Bars, TOP } from "./bars.js";
import { count, make, metric } from "./dom.js";
import { Layers } from "./layers.js";
import { Stage } from "./stage.js";
import { Why } from "./why.js";

export class Lane {
  #requests = new Newest((asked) => this.#ask(asked));

  constructor(part) {
    this.part = part;
    this.heading = make("h2");
    this.facts = make("p", { className: "note" });
    this.error = make("p", { className: "error", role: "alert" });
    this.stage = new Stage();
    this.answer = make("div");
    this.extra = make("div", { className: "extra" });
    this.element = make("article", { className: "lane" });
  }

  /** Turn to a network. */
  async use(summary) {
    this.name = summary.name;
    this.heading.textContent = summary.name;
    this.facts.textContent = facts(summary);
    this.element.ariaLabel = `Network ${summary.name}`;
    this.element.dataset.network = summary.name;
    this.error.textContent = "";
    this.ready = false;
    try {
      const details = await network(summary.name);
      if (this.name !== summary.name) return;
      this.#arrange(details);
    } catch (error) {
      this.error.textContent = error.message;
      this.element.replaceChildren(this.heading, this.error);
    }
  }

  #arrange(details) {
    this.details = details;
    this.bars = new Bars(details.classes, this.part.empty);
    this.answer.replaceChildren(this.bars.element);
    this.why = new Why(this);
    this.layers = new Layers(this);
    this.stage.clear();
    this.extra.replaceChildren();
    const head = make("header", {}, this.heading, this.facts);
    const seen = make(
      "div",
      { className: "seen" },
      this.stage.element,
      make("div", {}, this.answer, this.extra, this.error),
    );
    this.element.replaceChildren(head, seen, this.why.element, this.layers.element);
    this.ready = true;
    this.ask(this.part.input());
  }

  /** Ask the network about an input; null: there is none. `since` is when the user gave it. */
  ask(input, since = performance.now()) {
    if (!this.ready) return;
    this.why.stop();
    this.#requests.run({ input, since });
  }

  async #ask({ input, since }) {
    if (input === null) {
      this.input = null;
      this.stage.clear();
      this.bars.clear();
      this.extra.replaceChildren();
      this.error.textContent = "";
      return;
    }
    if (!this.latest) this.bars.clear("asking the network …");
    try {
      const body = { network: this.name, input, top: TOP };
      this.take(await post("predict", body), input, since);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Show an answer of the server. */
  take(answer, input, since) {
    this.input = input;
    this.latest = answer;
    this.error.textContent = "";
    this.part.present(this, answer);
    this.why.changed();
    this.layers.changed();
    requestAnimationFrame(() => {
      this.element.dataset.milliseconds = (performance.now() - since).toFixed(1);
      this.element.dataset.answers = Number(this.element.dataset.answers ?? 0) + 1;
    });
  }

  fail(error) {
    this.error.textContent = error.message;
    this.part.refused(this);
    this.element.dataset.answers = Number(this.element.dataset.answers ?? 0) + 1;
  }

  /** Draw the input again as it was answered, without an explanation. */
  restore() {
    if (this.latest) this.part.present(this, this.latest);
  }
}

function facts({ accuracy, params, model }) {
  const parts = [`${model}, ${count(params)} parameters`];
  const words = { test: "test", val: "validation", acc: "accuracy", error_rate: "error rate" };
  const named = (name) =>
    name
      .split("/")
      .map((part) => words[part] ?? part)
      .join(" ");
  if (accuracy) parts.unshift(`${named(accuracy.name)} ${metric(accuracy)}`);
  return parts.join(" · ");
}
