// Play: a game of Go against a network, its policy on the board, and records of games.

import { base64, post } from "./api.js";
import { pointName } from "./board.js";
import { button, count, labelled, make, option } from "./dom.js";
import { chooser, examples, save, takesFiles } from "./files.js";
import { Part } from "./part.js";

const OTHER = { black: "white", white: "black" };

export class Play extends Part {
  static domain = "go";
  static title = "Play";
  empty = "The network's choices appear here.";
  eraseWords = "Choose a stone to take it from the board.";

  constructor(networks) {
    super(networks);
    this.game = { size: 19, komi: 6.5, moves: [], next: null };
    this.at = 0; // moves of the game that are on the board
    this.before = null;
    this.side = make("select", { onchange: () => this.#advance() });
    this.side.append(option("white", "white"), option("black", "black"), option("", "neither colour"));
    this.size = make("select");
    this.handicap = make(
      "select",
      {},
      option("0", "none"),
      ...[2, 3, 4, 5, 6, 7, 8, 9].map((n) => option(String(n))),
    );
    this.komi = make("input", { type: "number", step: "0.5", min: "-200", max: "200", value: "6.5" });
    this.temperature = make("input", { type: "range", min: "0", max: "2", step: "0.1", value: "0" });
    this.warmth = make("output", {}, "0");
    this.temperature.addEventListener("input", () => (this.warmth.value = this.temperature.value));
    const redraw = () => this.lanes.forEach((lane) => lane.restore());
    this.heat = make("input", { type: "checkbox", checked: true, onchange: redraw });
    this.numbers = make("input", { type: "checkbox", onchange: redraw });
    this.step = make("input", {
      type: "range",
      min: "0",
      max: "0",
      value: "0",
      className: "step",
      ariaLabel: "Move",
    });
    this.step.addEventListener("input", () => this.#go(Number(this.step.value)));
    this.moveWords = make("output");
    this.status = make("div", { className: "status", ariaLive: "polite" });
    this.record = make("p", { className: "note" });
    this.samples = make("span");
    const load = (file) => this.tried(() => this.#load(file));
    const tools = (...tools) => make("div", { className: "tools" }, ...tools);
    const group = (words, ...rows) => make("fieldset", {}, make("legend", {}, words), ...rows);
    const moves = make(
      "div",
      { className: "moves" },
      this.status,
      tools(
        button("Undo", () => this.#undo()),
        button("Pass", () => this.#play("pass")),
        button("Let it move", () => this.#reply(performance.now())),
      ),
      tools(
        button("«", () => this.#go(0), { ariaLabel: "First position" }),
        button("‹", () => this.#go(this.at - 1), { ariaLabel: "Move back" }),
        this.step,
        button("›", () => this.#go(this.at + 1), { ariaLabel: "Move on" }),
        button("»", () => this.#go(this.game.moves.length), { ariaLabel: "Last position" }),
        this.moveWords,
      ),
      tools(labelled("Numbers", this.numbers), labelled("Policy", this.heat)),
      this.error,
    );
    this.controls.append(
      group(
        "The network",
        tools(labelled("plays", this.side)),
        tools(labelled("Temperature", this.temperature), this.warmth),
      ),
      group(
        "New game",
        tools(
          labelled("Board", this.size),
          labelled("Handicap", this.handicap),
          labelled("Komi", this.komi),
          button("Begin", () => this.#new()),
        ),
      ),
      group(
        "Records",
        tools(
          chooser("Load SGF", ".sgf", load),
          button("Save SGF", () => this.tried(() => this.#save())),
          this.samples,
        ),
      ),
      this.record,
    );
    this.lanesElement.before(moves);
    this.lanesElement.after(this.inputElement);
    takesFiles(this.element, "application/x-go-sgf", load);
  }

  input() {
    return { game: this.#shown() };
  }

  used(details) {
    if (!details) return;
    this.samples.replaceChildren(...examples(details, (file) => this.tried(async () => this.#load(await file))));
    const { size, sizes } = details.input;
    this.size.replaceChildren(...sizes.map((one) => option(String(one), `${one} × ${one}`)));
    const fits = sizes.includes(this.game.size);
    this.size.value = String(fits ? this.game.size : size);
    if (!fits) this.#new();
  }

  present(lane, answer) {
    const policy = this.heat.checked ? answer.policy : null;
    const numbers = this.numbers.checked ? this.#numbered() : null;
    lane.stage.show(answer.view, { policy, numbers, legal: answer.legal });
    if (answer.rows.length) lane.bars.update(answer.rows[0], answer.notes);
    else lane.bars.clear(answer.over ? "The game is over." : "No move is legal: pass.");
    this.listen(lane);
    if (lane !== this.lanes[0]) return;
    this.before = null;
    this.#report(answer);
  }

  /** An illegal move is taken back. */
  refused(lane) {
    if (this.before && lane === this.lanes[0]) Object.assign(this, this.before);
    this.before = null;
  }

  /** The move that is explained has a ring. */
  drawExplained(lane, view) {
    const target = lane.why.target.value;
    const ring = target === "unit" ? null : target || lane.latest.rows[0]?.best[0]?.name;
    lane.stage.show(view, { ring });
  }

  listen(lane) {
    lane.stage.pick(([[row, column]]) => this.#play(pointName(row, column, this.game.size)));
  }

  #shown() {
    const whole = this.at === this.game.moves.length;
    return { ...this.game, moves: this.game.moves.slice(0, this.at), next: whole ? this.game.next : null };
  }

  get colour() {
    const { moves, next, handicap } = this.#shown();
    return next ?? (moves.length ? OTHER[moves.at(-1)[0]] : handicap ? "white" : "black");
  }

  #new() {
    const handicap = Number(this.handicap.value);
    this.game = { size: Number(this.size.value), handicap, komi: Number(this.komi.value), moves: [], next: null };
    this.at = 0;
    this.record.textContent = "";
    const first = handicap ? "white" : "black";
    if (this.side.value === first) this.#reply(performance.now());
    else this.changed();
  }

  /** The user's move; then the network's, if it plays the other colour. */
  async #play(point) {
    if (this.busy) return;
    const since = performance.now();
    const { colour } = this;
    this.before ??= { game: this.game, at: this.at }; // what the server has accepted
    this.game = { ...this.#shown(), moves: [...this.#shown().moves, [colour, point]], next: null };
    this.at += 1;
    if (this.side.value === OTHER[colour]) {
      for (const lane of this.lanes) lane.stage.view?.preview?.(point, colour);
      await this.#reply(since);
    } else {
      this.changed(since);
    }
  }

  /** The network's turn, after a change of sides. */
  #advance() {
    if (this.side.value === this.colour) this.#reply(performance.now());
  }

  async #reply(since) {
    if (this.busy) return;
    this.busy = true;
    const [lane, ...others] = this.lanes;
    this.error.textContent = "";
    try {
      const temperature = Number(this.temperature.value);
      const answer = await post("action/play", {
        network: lane.name,
        game: this.#shown(),
        temperature,
        symmetries: 1,
      });
      this.game = answer.game;
      this.at = answer.game.moves.length;
      lane.take(answer, this.input(), since);
      for (const other of others) other.ask(this.input(), since);
    } catch (error) {
      this.error.textContent = error.message;
      this.refused(lane);
      lane.restore();
    } finally {
      this.busy = false;
    }
  }

  #undo() {
    const back = this.side.value && this.colour !== this.side.value ? 2 : 1;
    this.at = Math.max(this.at - back, 0);
    this.game = this.#shown();
    this.changed();
  }

  #go(number) {
    this.at = Math.min(Math.max(number, 0), this.game.moves.length);
    this.changed();
  }

  async #load(file) {
    const since = performance.now();
    const [lane, ...others] = this.lanes;
    const body = { network: lane.name, file: await base64(file), name: file.name };
    const answer = await post("action/load", body);
    this.game = answer.game;
    this.at = answer.game.moves.length;
    this.side.value = "";
    this.size.value = String(answer.game.size);
    this.komi.value = answer.game.komi;
    const { black, white, result, games, notes } = answer;
    const names = [
      black && `black ${black}`,
      white && `white ${white}`,
      result,
      games > 1 && `the first of ${games} games`,
    ];
    this.record.textContent = [file.name, ...names, ...(notes ?? [])].filter(Boolean).join("; ");
    lane.take(answer, this.input(), since);
    for (const other of others) other.ask(this.input(), since);
  }

  async #save() {
    const { sgf } = await post("action/save", { network: this.lanes[0].name, game: this.game });
    save(sgf, "game.sgf");
  }

  /** The number of the move whose stone stands on a point. */
  #numbered() {
    return new Map(this.#shown().moves.map(([, point], n) => [point, n + 1]));
  }

  #report({ number, colour, captures, score, over }) {
    const total = this.game.moves.length;
    Object.assign(this.step, { max: String(total), value: String(this.at) });
    this.moveWords.value = `${this.at} of ${total}`;
    const turn = over ? `The game is over: ${score.result}` : `Move ${count(number)}: ${colour} to play`;
    const line = (...words) => make("p", {}, ...words);
    this.status.replaceChildren(
      line(make("strong", {}, turn)),
      line(`Captures: black ${captures.black}, white ${captures.white}`),
      line(
        `Area: black ${score.black}, white ${score.white}, open ${score.open}; ${score.result} with komi ${score.komi}`,
      ),
    );
  }
}
