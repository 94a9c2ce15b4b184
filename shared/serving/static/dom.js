// Elements, and numbers as text. What the server sends only ever becomes text, never HTML.

/** An element with its properties, such as `className` and `ariaLabel`; listeners as `onclick`. */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** An element of SVG. */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export const button = (words, onclick, properties = {}) =>
  make("button", { type: "button", onclick, ...properties }, words);

/** A field with its label around it. */
export const labelled = (words, field, properties = {}) =>
  make("label", properties, make("span", {}, words), field);

export const option = (value, words = value) => make("option", { value }, words);

export const hidden = (words) => make("span", { className: "hidden" }, words);

let number = 0;
/** A name for an element that another one refers to. */
export const fresh = (name) => `${name}-${(number += 1)}`;

export const percent = (share) => (share < 0.0005 ? "< 0.1 %" : `${(100 * share).toFixed(1)} %`);

export const count = (value) => value.toLocaleString("en");

/** Three digits that count, as in 0.00123, 12.3 or 1,230. */
export const short = (value) =>
  value.toLocaleString("en", { maximumSignificantDigits: 3, useGrouping: Math.abs(value) >= 1e4 });

/** A metric with its interval, as `99.6 % (99.4 … 99.7), n = 10,000`. */
export function metric({ value, low, high, n }) {
  const interval = low === null ? "" : ` (${(100 * low).toFixed(1)} … ${(100 * high).toFixed(1)})`;
  return `${percent(value)}${interval}${n ? `, n = ${count(n)}` : ""}`;
}
