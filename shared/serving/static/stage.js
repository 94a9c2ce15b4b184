// Where a lane draws what its network sees: the input, an explanation on it, and the colours of that.

import { css, largest, relevance } from "./colours.js";
import { make, short } from "./dom.js";
import { viewOf } from "./views.js";

export class Stage {
  constructor() {
    this.slot = make("div", { className: "slot" });
    this.caption = make("figcaption", { className: "note" });
    this.scale = make("div", { className: "scale", hidden: true });
    this.element = make("figure", { className: "stage" }, this.slot, this.scale, this.caption);
    this.view = null;
  }

  /** Draw an input; `extras` are what its view knows besides, such as the policy of a board. */
  show(view, extras = {}) {
    if (view.kind !== this.kind) {
      this.view = viewOf(view.kind);
      this.kind = view.kind;
      this.slot.replaceChildren(this.view.element);
      this.view.pick(this.taken ?? null);
    }
    this.view.update(view, extras);
    this.scale.hidden = true;
    delete this.element.dataset.map;
  }

  clear() {
    this.view = this.kind = null;
    this.slot.replaceChildren();
    this.scale.hidden = true;
    delete this.element.dataset.map;
  }

  /** Colour the input by a map of an explanation. */
  overlay(map, result) {
    this.view.overlay(map);
    this.element.dataset.map = JSON.stringify(map.values);
    this.#draw(map, result);
  }

  /** Let parts be taken; null: not any more. */
  pick(taken) {
    this.taken = taken;
    this.view?.pick(taken);
  }

  #draw({ low, high, values }, { signed, unit }) {
    const [from, to] = [Math.min(low, 0), Math.max(high, 0)];
    const most = largest(values);
    const bar = make("canvas", { width: 256, height: 1, ariaHidden: "true" });
    const context = bar.getContext("2d");
    for (let n = 0; n < 256; n++) {
      context.fillStyle = css(relevance((from + ((to - from) * n) / 255) / most));
      context.fillRect(n, 0, 1, 1);
    }
    const ends = signed && low < 0 ? [`${short(low)} against`, `for ${short(high)}`] : ["0", short(to)];
    this.scale.replaceChildren(bar, ...[...ends, unit].map((words) => make("span", {}, words)));
    this.scale.hidden = false;
  }
}
