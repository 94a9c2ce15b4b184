// Pictures, to the same pixels as the commands: Pillow's resampling in whole numbers (src/libImaging/Resample.c).

const BITS = 22;
const FILTERS = {
  bilinear: [1, (x) => Math.max(1 - Math.abs(x), 0)],
  bicubic: [
    2,
    (value) => {
      const x = Math.abs(value);
      if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
      return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
    },
  ],
};

/** For each new cell the first old one and the weights of those from there on. */
function weights(length, first, last, size, [support, filter]) {
  const scale = (last - first) / size;
  const wide = Math.max(scale, 1);
  return Array.from({ length: size }, (_, cell) => {
    const centre = first + (cell + 0.5) * scale;
    const start = Math.max(Math.trunc(centre - support * wide + 0.5), 0);
    const stop = Math.min(Math.trunc(centre + support * wide + 0.5), length);
    const values = [];
    for (let place = start; place < stop; place++) values.push(filter((place - centre + 0.5) / wide));
    const sum = values.reduce((a, b) => a + b, 0);
    return [start, values.map((value) => Math.trunc((value / sum) * 2 ** BITS + (value < 0 ? -0.5 : 0.5)))];
  });
}

/** One channel {data, width, height}: the columns of a box resampled to a width. */
function narrowed(image, first, last, width, filter) {
  const columns = weights(image.width, first, last, width, filter);
  const data = new Uint8Array(width * image.height);
  for (let row = 0; row < image.height; row++) {
    columns.forEach(([start, values], column) => {
      let sum = 2 ** (BITS - 1);
      values.forEach((value, place) => (sum += value * image.data[row * image.width + start + place]));
      data[row * width + column] = Math.min(Math.max(Math.floor(sum / 2 ** BITS), 0), 255);
    });
  }
  return { data, width, height: image.height };
}

function turned({ data, width, height }) {
  const other = new Uint8Array(data.length);
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) other[column * height + row] = data[row * width + column];
  return { data: other, width: height, height: width };
}

/** One channel: a box [left, top, right, bottom] resampled to a size. */
function resized(image, [left, top, right, bottom], width, height, name) {
  const filter = FILTERS[name];
  const wide = narrowed(image, left, right, width, filter);
  return turned(narrowed(turned(wide), top, bottom, height, filter));
}

function even(value) {
  const low = Math.floor(value);
  const rest = value - low;
  return rest === 0.5 ? low + (low % 2) : Math.round(value);
}

const sum = (values) => values.reduce((a, b) => a + b, 0);

/** What differs from the background, bright on black: see domains/image/reading/ink.py. */
function ink({ data, width, height }, size) {
  const row = (number) => [...data.slice(number * width, (number + 1) * width)];
  const column = (number) => Array.from({ length: height }, (_, place) => data[place * width + number]);
  const border = [...row(0), ...row(height - 1), ...column(0), ...column(width - 1)].sort((a, b) => a - b);
  const half = border.length / 2;
  const ground = Math.trunc((border[Math.floor(half - 0.5)] + border[Math.floor(half)]) / 2);
  const away = data.map((value) => Math.abs(value - ground));
  const least = 0.2 * away.reduce((a, b) => Math.max(a, b), 0);
  let [top, bottom, left, right] = [height, 0, width, 0];
  away.forEach((value, place) => {
    if (value <= least) return;
    const [y, x] = [Math.floor(place / width), place % width];
    [top, bottom, left, right] = [Math.min(top, y), Math.max(bottom, y + 1), Math.min(left, x), Math.max(right, x + 1)];
  });
  if (!bottom) [top, bottom, left, right] = [0, height, 0, width];
  const cut = new Uint8Array((bottom - top) * (right - left));
  for (let y = top; y < bottom; y++) cut.set(away.slice(y * width + left, y * width + right), (y - top) * (right - left));
  const scale = Math.max(even((5 / 7) * size), 1) / Math.max(bottom - top, right - left);
  const [high, wide] = [bottom - top, right - left].map((cells) => Math.max(even(cells * scale), 1));
  const small = resized({ data: cut, width: right - left, height: bottom - top }, [0, 0, right - left, bottom - top], wide, high, "bilinear");
  const factor = Math.fround(255 / Math.max(small.data.reduce((a, b) => Math.max(a, b), 0), 1));
  const bright = Array.from(small.data, (value) => Math.fround(value * factor));
  const start = [high, wide].map((cells, axis) => {
    const mass = Array.from({ length: cells }, (_, place) =>
      sum(bright.filter((_, cell) => (axis ? cell % wide : Math.floor(cell / wide)) === place)),
    );
    const mean = sum(mass.map((value, place) => value * place)) / Math.max(sum(mass), 1);
    return Math.min(Math.max(even((size - 1) / 2 - mean), 0), size - cells);
  });
  const placed = new Uint8Array(size * size);
  bright.forEach((value, cell) => {
    placed[(start[0] + Math.floor(cell / wide)) * size + start[1] + (cell % wide)] = even(value);
  });
  return placed;
}

/** The pixels (channels, size, size) that the network takes of an RGBA image on white. */
function seen({ data, width, height }) {
  const { size, channels, fit } = facts;
  const grey = channels === 1;
  const planes = Array.from({ length: grey ? 1 : 3 }, () => new Uint8Array(width * height));
  for (let place = 0; place < width * height; place++) {
    const [r, g, b] = data.slice(4 * place, 4 * place + 3);
    if (grey) planes[0][place] = (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16;
    else [r, g, b].forEach((value, plane) => (planes[plane][place] = value));
  }
  if (fit === "ink") return ink({ data: planes[0], width, height }, size);
  const side = Math.min(width, height);
  const [left, top] = [(width - side) / 2, (height - side) / 2];
  const box = [left, top, left + side, top + side];
  const fitted = planes.map((plane) => resized({ data: plane, width, height }, box, size, size, "bicubic").data);
  return Uint8Array.from(fitted.flatMap((plane) => [...plane]));
}

const LARGEST = 1024; // above it the browser scales a picture first

/** The form: a canvas, and what the network sees of it. */
function begin() {
  const canvas = document.getElementById("canvas");
  const brush = canvas.getContext("2d", { willReadFrequently: true });
  const view = document.getElementById("seen");
  view.width = view.height = facts.size;
  const blank = () => {
    brush.fillStyle = "white";
    brush.fillRect(0, 0, canvas.width, canvas.height);
  };
  const look = async () => {
    const pixels = seen(brush.getImageData(0, 0, canvas.width, canvas.height));
    const { size, channels } = facts;
    const shown = new ImageData(size, size);
    for (let place = 0; place < size * size; place++)
      for (let colour = 0; colour < 4; colour++)
        shown.data[4 * place + colour] = colour === 3 ? 255 : pixels[(channels === 1 ? 0 : colour) * size * size + place];
    view.getContext("2d").putImageData(shown, 0, 0);
    show(await probabilities({ x: ["uint8", pixels, [1, channels, size, size]] }));
  };
  let at = null;
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * canvas.width) / box.width, ((event.clientY - box.top) * canvas.height) / box.height];
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    at = place(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!at) return;
    const next = place(event);
    Object.assign(brush, { lineWidth: 20, lineCap: "round", strokeStyle: "black" });
    brush.beginPath();
    brush.moveTo(...at);
    brush.lineTo(...next);
    brush.stroke();
    at = next;
    look().catch(failed);
  });
  canvas.addEventListener("pointerup", () => (at = null));
  document.getElementById("clear").addEventListener("click", () => {
    [canvas.width, canvas.height] = [280, 280];
    blank();
    answer.replaceChildren();
  });
  const take = async (file) => {
    const image = await createImageBitmap(file);
    const scale = Math.min(1, LARGEST / Math.max(image.width, image.height));
    [canvas.width, canvas.height] = [image.width, image.height].map((cells) => Math.max(Math.round(cells * scale), 1));
    blank();
    brush.drawImage(image, 0, 0, canvas.width, canvas.height);
    await look();
  };
  document.getElementById("file").addEventListener("change", (event) => take(event.target.files[0]).catch(failed));
  blank();
}
