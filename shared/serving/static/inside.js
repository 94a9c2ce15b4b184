// Look inside a run: what it is, how it learned, what it mistakes.

import { get, network } from "./api.js";
import { curve, reliability } from "./charts.js";
import { button, count, labelled, make, metric, option, percent } from "./dom.js";
import { layerTable } from "./layers.js";
import { still } from "./views.js";

const DRAWN = 48; // classes, at most, of a matrix that can be read
const LISTED = 20; // confusions of more classes
const SHOWN = 12; // examples

export class Inside {
  static title = "Look inside";

  constructor(networks) {
    this.chosen = make(
      "select",
      { onchange: () => this.#show() },
      ...networks.map(({ name }) => option(name)),
    );
    this.body = make("div", { className: "inside" });
    this.element = make(
      "section",
      { className: "part", ariaLabel: Inside.title },
      make("div", { className: "networks" }, labelled("Network", this.chosen)),
      this.body,
    );
  }

  open() {
    if (!this.opened) this.#show();
    this.opened = true;
  }

  async #show() {
    const name = this.chosen.value;
    this.body.replaceChildren(make("p", { className: "note", role: "status" }, "loading …"));
    try {
      const [inside, details] = await Promise.all([get("inside", { name }), network(name)]);
      if (name === this.chosen.value) this.body.replaceChildren(...this.#parts(name, inside, details));
    } catch (error) {
      this.body.replaceChildren(make("p", { className: "error", role: "alert" }, error.message));
    }
  }

  #parts(name, inside, details) {
    const section = (title, ...content) => make("section", {}, make("h2", {}, title), ...content);
    /** A section of what the run's folder holds; if it does not, the reason. */
    const held = (title, key, draw) => {
      if (inside[key]?.length !== 0 && inside[key]) return section(title, ...[draw(inside[key])].flat());
      return section(title, make("p", { className: "note" }, inside.missing[key] ?? "This run has none."));
    };
    const pair = (...halves) => make("div", { className: "pair" }, ...halves);
    const card = make("details", {}, make("summary", {}, "Its card"), make("pre", {}, details.card));
    const recall = (rows) => [
      ["class", "recall (95 % interval)"],
      ...rows.map((one) => [one.class, metric(one)]),
    ];
    return [
      section("The run", list(inside.facts)),
      ...(details.card ? [card] : []),
      held("Metrics", "tests", (tests) => list(tests.map((one) => [one.name, metric(one)]))),
      section("Layers", layerTable(details.layers)),
      held("Learning curve", "curve", (rows) => {
        const names = ["acc", "loss"].filter((name) => rows.columns.includes(`val/${name}`));
        return pair(...names.map((name) => curve(rows, name, { acc: "Accuracy", loss: "Loss" }[name])));
      }),
      held("Confusion", "confusion", (matrix) => this.#confusion(name, matrix)),
      section("Most confident mistakes", ...this.#mistakes(name)),
      held("Calibration", "calibration", reliability),
      held("Recall by class", "recall", (rows) => grid(recall(rows), "Recall")),
      held("Checks of explanations", "checks", (rows) => grid(rows, "Checks")),
    ];
  }

  /** The matrix, whose cells show their examples; of many classes the most frequent confusions. */
  #confusion(name, { classes, counts }) {
    const place = make("div", { className: "gallery", ariaLive: "polite" });
    const show = (truth, predicted) => {
      const cell = { true: classes[truth], predicted: classes[predicted] };
      this.#examples(place, { name, ...cell, count: SHOWN }, `${cell.true} called ${cell.predicted}`);
    };
    if (classes.length > DRAWN) {
      const wrong = counts
        .flatMap((row, t) => row.map((n, p) => [n, t, p]))
        .filter(([n, t, p]) => n && t !== p);
      const most = wrong.sort((a, b) => b[0] - a[0]).slice(0, LISTED);
      const list = most.map(([n, t, p]) =>
        make(
          "li",
          {},
          button(`${classes[t]} as ${classes[p]}`, () => show(t, p)),
          ` ${count(n)}`,
        ),
      );
      return [
        make("p", {}, `The most frequent of ${classes.length} classes:`),
        make("ul", { className: "picks" }, ...list),
        place,
      ];
    }
    const head = classes.map((one) => make("th", { scope: "col" }, one));
    const body = counts.map((row, t) => {
      const total = row.reduce((a, b) => a + b, 0) || 1;
      const cells = row.map((n, p) => {
        const cell = make("td", { className: t === p ? "right" : "wrong" });
        cell.style.setProperty("--share", Math.sqrt(n / total));
        if (n)
          cell.append(
            button(count(n), () => show(t, p), { ariaLabel: `${n} of ${classes[t]} answered ${classes[p]}` }),
          );
        return cell;
      });
      return make("tr", {}, make("th", { scope: "row" }, classes[t]), ...cells);
    });
    const corner = make("th", { scope: "col" }, "true \\ answer");
    const table = make(
      "table",
      { className: "confusion" },
      make("thead", {}, make("tr", {}, corner, ...head)),
      make("tbody", {}, ...body),
    );
    return [
      make("p", { className: "note" }, "Choose a number to see its examples."),
      wide(table, "Confusion"),
      place,
    ];
  }

  #mistakes(name) {
    const place = make("div", { className: "gallery", ariaLive: "polite" });
    const ask = () =>
      this.#examples(place, { name, mistakes: true, count: SHOWN }, "Mistakes, the most confident first");
    return [button("Show them", ask), place];
  }

  async #examples(place, values, words) {
    place.replaceChildren(make("p", { className: "note", role: "status" }, "reading the data …"));
    try {
      const { total, examples } = await get("examples", values);
      const shown = examples.map(({ view, name, true: truth, predicted, probability }) =>
        still(view, `${name}\n${truth} called ${predicted}, ${percent(probability)}`),
      );
      place.replaceChildren(make("h3", {}, `${words}: ${count(total)}`), ...shown);
    } catch (error) {
      place.replaceChildren(make("p", { className: "error" }, error.message));
    }
    place.scrollIntoView({ block: "nearest" });
  }
}

const wide = (table, words) =>
  make("div", { className: "wide", tabIndex: 0, role: "region", ariaLabel: words }, table);

/** Names and values. */
const list = (pairs) =>
  make("dl", {}, ...pairs.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));

/** A table whose first row names the columns. */
function grid([head, ...body], words) {
  const line = (cells, tag) => make("tr", {}, ...cells.map((cell) => make(tag, {}, cell)));
  const table = make(
    "table",
    { className: "numbers" },
    make("thead", {}, line(head, "th")),
    make("tbody", {}, ...body.map((cells) => line(cells, "td"))),
  );
  return wide(table, words);
}
