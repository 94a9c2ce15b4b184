// Speak: a recording of the microphone or a file, its spectrogram, and the words or phones in it.

import { base64, bytes, post } from "./api.js";
import { button, labelled, make, percent } from "./dom.js";
import { chooser, examples, takesFiles } from "./files.js";
import { Part } from "./part.js";
import { Recorder, canRecord } from "./recorder.js";

const LIVE = 400; // milliseconds between the answers while one speaks
const LIVE_SECONDS = 10; // of a recording that are answered while one speaks

export class Speak extends Part {
  static domain = "speech";
  static title = "Speak";
  empty = "Record, drop a recording, or try the example: the answer appears here.";

  constructor(networks) {
    super(networks);
    this.record = button("Record", () => this.tried(() => this.#toggle()), {
      className: "record",
      ariaPressed: "false",
    });
    this.record.disabled = !canRecord();
    if (this.record.disabled)
      this.record.title = "The browser gives this address no microphone: choose a file.";
    this.player = make("audio", { controls: true, ariaLabel: "The recording" });
    this.stretch = make("input", { type: "range", min: "0.6", max: "1.6", step: "0.01", value: "1" });
    this.factor = make("output", {}, "× 1.00");
    this.stretch.addEventListener("input", () => this.#stretched());
    this.stretch.addEventListener("change", () => this.tried(() => this.#voice()));
    this.samples = make("span");
    this.elapsed = make("span", { className: "note", role: "timer" });
    const given = (file) => this.tried(() => this.#open(file));
    this.controls.append(
      make(
        "div",
        { className: "tools" },
        this.record,
        this.elapsed,
        chooser("Sound file", "audio/*,.flac,.au,.caf,.sph", given),
        this.samples,
        this.player,
      ),
      make(
        "div",
        { className: "tools" },
        labelled("Stretch the frequencies", this.stretch, { className: "long" }),
        this.factor,
        button("As spoken", () => this.#reset()),
        make(
          "span",
          { className: "note" },
          "above 1: as of a shorter vocal tract, such as a child's; below 1: of a longer one",
        ),
      ),
    );
    takesFiles(this.element, "audio/", given);
  }

  used(details) {
    this.limit = details?.input.seconds_limit ?? 60;
    if (details)
      this.samples.replaceChildren(...examples(details, (file) => this.tried(async () => this.#open(await file))));
  }

  input() {
    return this.file ? { ...this.file, stretch: Number(this.stretch.value), moment: null } : null;
  }

  explained(lane) {
    return { ...lane.input, moment: lane.moment ?? null };
  }

  present(lane, answer) {
    const { view, rows, over_time: overTime, spoken, notes } = answer;
    lane.stage.show(view);
    lane.moment = null;
    const length = (row) => (row.to_ms ?? row.at_ms) - (row.from_ms ?? row.at_ms);
    const longest = rows.reduce((best, row) => (length(row) > length(best) ? row : best), rows[0]);
    this.#strip(lane, rows, longest, overTime);
    lane.bars.update(longest, notes);
    if (overTime) lane.moment = middle(longest);
    lane.extra.replaceChildren(...(spoken ? [make("p", { className: "spoken" }, spoken)] : []));
    if (rows.length > 1)
      lane.extra.prepend(make("p", { className: "note" }, "Choose a label below the spectrogram."));
    this.listen(lane);
  }

  /** Over time a click chooses the moment that is explained. */
  listen(lane) {
    if (!lane.latest?.over_time) return lane.stage.pick(null);
    lane.stage.pick((cells) => {
      const columns = cells.map(([, column]) => column);
      const seconds = lane.stage.view.seconds((Math.min(...columns) + Math.max(...columns)) / 2);
      const there = lane.latest.rows.find(
        (row) => 1000 * seconds >= row.from_ms && 1000 * seconds < row.to_ms,
      );
      if (there) this.#choose(lane, there, seconds);
    });
  }

  drawExplained(lane, view) {
    lane.stage.show(view);
    lane.stage.view.below.replaceChildren();
  }

  /** The labels below the spectrogram, each over its time. */
  #strip(lane, rows, chosen, overTime) {
    const { view } = lane.stage;
    const several = rows.length > 1 || overTime;
    const labels = (several ? rows : []).map((row, n) => {
      const end = Math.min(row.to_ms ?? row.at_ms, rows[n + 1]?.from_ms ?? Infinity); // stretches may overlap
      const [from, to] = [row.from_ms ?? row.at_ms, end].map((time) => view.share(time / 1000));
      const label = button(row.answer, () => this.#choose(lane, row), {
        title: `${row.answer} ${percent(row.probability)}`,
      });
      label.dataset.from = row.from_ms ?? row.at_ms;
      label.dataset.probability = row.probability;
      label.style.left = `${100 * from}%`;
      label.style.width = `${100 * Math.max(to - from, 0.004)}%`;
      label.ariaPressed = String(row === chosen);
      return label;
    });
    view.below.replaceChildren(...labels);
    lane.labels = labels;
  }

  #choose(lane, row, moment = middle(row)) {
    lane.moment = lane.latest.over_time ? moment : null;
    lane.labels.forEach((label, n) => (label.ariaPressed = String(lane.latest.rows[n] === row)));
    lane.bars.update(row, lane.latest.notes);
    if (!lane.latest.over_time) return;
    lane.stage.view.line.hidden = false;
    lane.stage.view.line.style.left = `${100 * lane.stage.view.share(moment)}%`;
  }

  async #open(file) {
    const since = performance.now();
    this.original = file;
    this.file = { file: await base64(file), name: file.name };
    this.changed(since);
    await this.#voice();
  }

  /** What is played: the recording itself, or the same with its frequencies stretched. */
  async #voice() {
    const { original } = this;
    if (!original) return;
    const input = this.input();
    const playing = !this.player.paused;
    let sound = original;
    if (input.stretch !== 1 || !this.player.canPlayType(original.type)) {
      const { file } = await post("action/sound", { network: this.lanes[0].name, input });
      if (this.original !== original || this.input().stretch !== input.stretch) return;
      sound = new Blob([bytes(file)], { type: "audio/wav" });
    }
    if (this.player.src) URL.revokeObjectURL(this.player.src);
    this.player.src = URL.createObjectURL(sound);
    if (playing) await this.player.play();
  }

  #stretched() {
    this.factor.value = `× ${Number(this.stretch.value).toFixed(2)}`;
    if (this.file) this.changed();
  }

  #reset() {
    this.stretch.value = "1";
    this.#stretched();
    this.tried(() => this.#voice());
  }

  async #toggle() {
    if (this.recorder) return this.#finish();
    const recorder = new Recorder();
    this.record.disabled = true; // while the browser asks
    await recorder.start().finally(() => (this.record.disabled = false));
    this.recorder = recorder;
    this.record.ariaPressed = "true";
    this.record.textContent = "Stop";
    this.timer = setInterval(() => this.tried(() => this.#tick()), LIVE);
  }

  /** While one speaks: the answer to what was said so far. */
  async #tick() {
    const { seconds } = this.recorder;
    this.elapsed.textContent = `${seconds.toFixed(1)} s`;
    if (seconds >= this.limit) return this.#finish();
    if (seconds < 0.3 || seconds > LIVE_SECONDS) return;
    const file = await base64(this.recorder.file());
    if (!this.recorder) return;
    this.file = { file, name: "recording.wav" };
    this.changed();
  }

  async #finish() {
    const { recorder } = this;
    this.recorder = null;
    clearInterval(this.timer);
    this.record.ariaPressed = "false";
    this.record.textContent = "Record";
    await recorder.stop();
    if (!recorder.seconds) throw new Error("The microphone gave no sound.");
    await this.#open(recorder.file());
  }
}

const middle = (row) => (row.at_ms ?? (row.from_ms + row.to_ms) / 2) / 1000;
