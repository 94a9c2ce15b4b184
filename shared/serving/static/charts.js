// Two charts of a run: its learning curve, and its calibration.

import { make, percent, short, svg } from "./dom.js";

const [WIDTH, HEIGHT, LEFT, BELOW] = [420, 220, 48, 34];
const across = (share) => LEFT + share * (WIDTH - LEFT - 12);
const up = (share) => HEIGHT - BELOW - share * (HEIGHT - BELOW - 12);

function frame(title, xLabel, xTicks, yTicks, ...drawn) {
  const words = (x, y, text, anchor) => svg("text", { x, y, "text-anchor": anchor }, text);
  return make(
    "figure",
    { className: "chart" },
    make("figcaption", {}, title),
    svg(
      "svg",
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": title },
      ...yTicks.flatMap(([share, text]) => [
        svg("path", { class: "grid", d: `M${across(0)} ${up(share)}H${across(1)}` }),
        words(LEFT - 6, up(share) + 4, text, "end"),
      ]),
      ...xTicks.map(([share, text]) =>
        words(across(share), HEIGHT - BELOW + 16, text, share > 0.9 ? "end" : "middle"),
      ),
      words(across(0.5), HEIGHT - 2, xLabel, "middle"),
      ...drawn,
    ),
  );
}

const path = (points, className) =>
  svg("path", {
    class: className,
    d: points.map(([x, y], n) => `${n ? "L" : "M"}${across(x)} ${up(y)}`).join(""),
  });

/** A metric over the epochs, on training and validation examples. */
export function curve({ columns, rows }, name, words) {
  const epochs = rows.map((row) => row[columns.indexOf("epoch")] + 1);
  const series = ["train", "val"].map((part) => columns.indexOf(`${part}/${name}`));
  const values = rows
    .flatMap((row) => series.map((n) => row[n]))
    .filter((value) => typeof value === "number");
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const x = (epoch) => (epochs.length > 1 ? (epoch - epochs[0]) / (epochs.at(-1) - epochs[0]) : 0.5);
  const y = (value) => (value - low) / (high - low || 1);
  const ticks = [0, 0.5, 1].map((share) => [share, short(low + share * (high - low))]);
  const ends = [...new Set([epochs[0], epochs.at(-1)])].map((epoch) => [x(epoch), String(epoch)]);
  const drawn = series.flatMap((n, which) => {
    const points = rows
      .map((row, r) => [x(epochs[r]), row[n]])
      .filter(([, value]) => typeof value === "number");
    const className = which ? "val" : "train";
    const placed = points.map(([epoch, value]) => [epoch, y(value)]);
    const dots = placed.map(([a, b]) =>
      svg("circle", { class: className, cx: across(a), cy: up(b), r: 2.5 }),
    );
    return [path(placed, className), ...dots];
  });
  return frame(`${words}: training (orange), validation (blue)`, "epoch", ends, ticks, ...drawn);
}

/** How often predictions of a probability were right, with 95 % intervals. */
export function reliability({ bins, error }) {
  const ticks = [0, 0.5, 1].map((share) => [share, percent(share).replace(".0", "").replace("< 0.1", "0")]);
  const full = bins.filter(({ n }) => n);
  const drawn = full.flatMap(({ confidence, accuracy, accuracy_low: low, accuracy_high: high }) => [
    path(
      [
        [confidence, low],
        [confidence, high],
      ],
      "val",
    ),
    svg("circle", { class: "val", cx: across(confidence), cy: up(accuracy), r: 4 }),
  ]);
  const words = error === null ? "" : `; mean distance ${percent(error)}`;
  const title = `Right answers (upwards) by their probability${words}`;
  return frame(
    title,
    "probability of the answer",
    ticks,
    ticks,
    path(
      [
        [0, 0],
        [1, 1],
      ],
      "ideal",
    ),
    ...drawn,
  );
}
