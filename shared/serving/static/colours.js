// Colours of values: relevance (blue for, orange against), levels of sound, and the policy of a board.

const BLUE = [0, 114, 178];
const ORANGE = [213, 94, 0];
const MAGMA = [
  [0, 0, 4],
  [20, 14, 54],
  [59, 15, 112],
  [100, 26, 128],
  [140, 41, 129],
  [183, 55, 121],
  [222, 73, 104],
  [247, 112, 92],
  [254, 159, 109],
  [254, 207, 146],
  [252, 253, 191],
];

/** Red, green, blue and opacity (0 … 255) of a share from -1 to 1. */
export function relevance(share) {
  const strength = Math.min(1.5 * Math.abs(share), 1);
  return [...(share < 0 ? ORANGE : BLUE), 255 * strength];
}

/** From dark to bright, for a share from 0 to 1. */
export function magma(share) {
  const place = Math.min(Math.max(share, 0), 1) * (MAGMA.length - 1);
  const [low, high] = [MAGMA[Math.floor(place)], MAGMA[Math.ceil(place)]];
  return [...low.map((value, n) => value + (high[n] - value) * (place % 1)), 255];
}

/** About white: blue above zero, orange below. */
export function aboutWhite(share) {
  const colour = share < 0 ? ORANGE : BLUE;
  const strength = Math.min(Math.abs(share), 1);
  return [...colour.map((value) => 255 + (value - 255) * strength), 255];
}

export const css = ([red, green, blue, opacity = 255]) =>
  `rgb(${red | 0} ${green | 0} ${blue | 0} / ${(opacity / 255).toFixed(3)})`;

/** Background and ink of a word of some relevance: dark on pale, white on full blue. */
export function chip(share) {
  const full = share > 0.85;
  return [css(aboutWhite(full ? 1 : share)), full ? "#fff" : "#111"];
}

/** Paint values [row][column] into a canvas, one pixel a cell. */
export function paint(canvas, values, colour) {
  const [height, width] = [values.length, values[0].length];
  canvas.width = width;
  canvas.height = height;
  const image = new ImageData(width, height);
  values.forEach((row, r) => row.forEach((value, c) => image.data.set(colour(value), 4 * (r * width + c))));
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/** The smallest and the largest value. */
export const ends = (values) =>
  values
    .flat()
    .reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);

/** The largest size of a value, at least a little. */
export const largest = (values) =>
  values.flat(Infinity).reduce((most, value) => Math.max(most, Math.abs(value)), 1e-12);
