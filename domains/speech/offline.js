// Recordings, to the same samples as the commands: see domains/speech/reading. The spectrogram is the network's.

const FULL_SCALE = 2 ** 15;
const LIMIT = 60; // seconds

/** The samples of a WAV file of whole or real numbers, the mean of its channels; null: another format. */
function wave(buffer) {
  const view = new DataView(buffer);
  const word = (place) => (place + 4 <= view.byteLength ? String.fromCharCode(...new Uint8Array(buffer, place, 4)) : "");
  if (word(0) !== "RIFF" || word(8) !== "WAVE") return null;
  let format = null;
  for (let place = 12; place + 8 <= view.byteLength; ) {
    const [name, size, start] = [word(place), view.getUint32(place + 4, true), place + 8];
    if (name === "fmt ") format = start;
    if (name === "data" && format !== null) return decoded(view, format, start, Math.min(size, view.byteLength - start));
    place = start + size + (size % 2);
  }
  return null;
}

function decoded(view, format, start, size) {
  const extensible = view.getUint16(format, true) === 0xfffe;
  const kind = view.getUint16(extensible ? format + 24 : format, true); // 1 whole numbers, 3 real ones
  const [channels, rate, bits] = [view.getUint16(format + 2, true), view.getUint32(format + 4, true), view.getUint16(format + 14, true)];
  const read = {
    "1 8": (place) => (view.getUint8(place) - 128) / 2 ** 7,
    "1 16": (place) => view.getInt16(place, true) / 2 ** 15,
    "1 24": (place) => (view.getInt8(place + 2) * 2 ** 16 + view.getUint16(place, true)) / 2 ** 23,
    "1 32": (place) => view.getInt32(place, true) / 2 ** 31,
    "3 32": (place) => view.getFloat32(place, true),
    "3 64": (place) => view.getFloat64(place, true),
  }[`${kind} ${bits}`];
  if (!read || !channels || !rate) return null;
  const bytes = bits / 8;
  const samples = Float32Array.from({ length: Math.floor(size / bytes / channels) }, (_, n) => {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) sum += read(start + bytes * (n * channels + channel));
    return sum / channels;
  });
  return { samples, rate };
}

/** Another format, as the browser decodes it, which also brings it to the rate. */
async function browserDecoded(buffer) {
  const sound = await new OfflineAudioContext(1, 1, facts.rate).decodeAudioData(buffer);
  const all = Array.from({ length: sound.numberOfChannels }, (_, channel) => sound.getChannelData(channel));
  const samples = all[0].map((_, n) => all.reduce((sum, one) => sum + one[n], 0) / all.length);
  return { samples, rate: sound.sampleRate };
}

/** The nearest fraction with a denominator of at most 1,000, by continued fractions. */
function fraction(value) {
  let [above, below, beforeAbove, beforeBelow] = [Math.floor(value), 1, 1, 0];
  for (let rest = value - above; rest > 1e-9; ) {
    const inverse = 1 / rest;
    const whole = Math.floor(inverse + 1e-9);
    const [nextAbove, nextBelow] = [whole * above + beforeAbove, whole * below + beforeBelow];
    if (nextBelow > 1000) break;
    [above, below, beforeAbove, beforeBelow] = [nextAbove, nextBelow, above, below];
    rest = inverse - whole;
  }
  return [above, below];
}

/** Samples at the network's rate: torchaudio's band-limited interpolation, with a Hann window. */
function resampled({ samples, rate }) {
  const [fresh, old] = fraction(facts.rate / rate);
  if (fresh === old) return samples;
  const [zeros, rolloff] = [6, 0.99];
  const base = Math.min(old, fresh) * rolloff;
  const width = Math.ceil((zeros * old) / base);
  const kernels = Array.from({ length: fresh }, (_, phase) =>
    Float32Array.from({ length: 2 * width + old }, (_, place) => {
      const time = Math.min(Math.max(base * ((place - width) / old - phase / fresh), -zeros), zeros);
      const window = Math.cos((time * Math.PI) / zeros / 2) ** 2;
      return (time ? Math.sin(time * Math.PI) / (time * Math.PI) : 1) * window * (base / old);
    }),
  );
  return Float32Array.from({ length: Math.ceil((samples.length * fresh) / old) }, (_, n) => {
    const first = Math.floor(n / fresh) * old - width;
    return kernels[n % fresh].reduce((sum, weight, place) => sum + weight * (samples[first + place] ?? 0), 0);
  });
}

/** As datasets store them: 16 bits, halves to the even number. */
const whole = (samples) =>
  Int16Array.from(samples, (sample) => {
    const value = Math.min(Math.max(sample, -1), (FULL_SCALE - 1) / FULL_SCALE) * FULL_SCALE;
    const low = Math.floor(value);
    return value - low === 0.5 ? low + Math.abs(low % 2) : Math.round(value);
  });

/** The places of the clips that are answered: all of a short recording, else stretches that overlap by half. */
function clips(samples, seconds) {
  const { rate, longest, median } = facts;
  if (seconds <= longest) return [[0, samples.length]];
  const [step, size] = [(median / 2) * rate, Math.round(median * rate)];
  const last = Math.max(samples.length - Math.round((median / 2) * rate), 1);
  const number = Math.ceil(last / step);
  return Array.from({ length: number }, (_, n) => [Math.trunc(n * step), Math.min(samples.length, Math.trunc(n * step) + size)]);
}

function drawWave(samples) {
  const canvas = document.getElementById("wave");
  const brush = canvas.getContext("2d");
  const { width, height } = canvas;
  brush.clearRect(0, 0, width, height);
  brush.fillStyle = "#0072b2";
  const wide = samples.length / width;
  for (let column = 0; column < width; column++) {
    const part = samples.subarray(Math.floor(column * wide), Math.max(Math.floor((column + 1) * wide), Math.floor(column * wide) + 1));
    const [low, high] = [Math.min(...part), Math.max(...part)].map((value) => (0.5 - value / FULL_SCALE / 2) * height);
    brush.fillRect(column, high, 1, Math.max(low - high, 1));
  }
}

async function look(file) {
  const player = document.getElementById("player");
  player.src = URL.createObjectURL(file);
  player.hidden = false;
  const buffer = await file.arrayBuffer();
  const sound = wave(buffer) ?? (await browserDecoded(buffer));
  const seconds = sound.samples.length / sound.rate;
  if (seconds > LIMIT) throw new Error(`The recording must last at most ${LIMIT} s, got ${seconds.toFixed(1)} s.`);
  const samples = whole(resampled(sound));
  drawWave(samples);
  const list = document.getElementById("stretches");
  list.replaceChildren();
  answer.replaceChildren();
  const rows = [];
  for (const [from, to] of clips(samples, seconds)) {
    const clip = samples.slice(from, to);
    if (clip.every((value) => value === clip[0])) continue; // silence
    const shares = await probabilities({ x: ["int16", clip, [1, clip.length]], lengths: ["int64", BigInt64Array.of(BigInt(clip.length)), [1]] });
    rows.push({ from: from / facts.rate, to: to / facts.rate, shares });
  }
  if (!rows.length) throw new Error("The recording is silent.");
  show(rows[0].shares);
  if (rows.length === 1) return;
  const choices = rows.map(({ from, to, shares }) => {
    const choice = document.createElement("button");
    choice.textContent = `${from.toFixed(2)} … ${to.toFixed(2)} s: ${facts.classes[shares.indexOf(Math.max(...shares))]}`;
    choice.addEventListener("click", () => show(shares));
    const item = document.createElement("li");
    item.append(choice);
    return item;
  });
  list.replaceChildren(...choices);
}

/** Records until it is pressed again. */
function recorder(button, given) {
  let running = null;
  button.disabled = !navigator.mediaDevices?.getUserMedia;
  button.addEventListener("click", async () => {
    if (running) return running.stop();
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: false, noiseSuppression: false } });
      const parts = [];
      running = new MediaRecorder(stream);
      running.addEventListener("dataavailable", ({ data }) => parts.push(data));
      running.addEventListener("stop", () => {
        for (const track of stream.getTracks()) track.stop();
        running = null;
        button.ariaPressed = "false";
        button.textContent = "Record";
        given(new Blob(parts));
      });
      running.start();
      button.ariaPressed = "true";
      button.textContent = "Stop";
    } catch (error) {
      failed(error);
    }
  });
}

/** The form: a microphone and files. */
function begin() {
  const given = (file) => look(file).catch(failed);
  recorder(document.getElementById("record"), given);
  document.getElementById("file").addEventListener("change", (event) => event.target.files[0] && given(event.target.files[0]));
}
