// Go, by the same rules and to the same planes as the commands: domains/go/board says what each plane means.

const [EMPTY, BLACK, WHITE, WALL] = [0, 1, 2, 3];
const MOST = 8; // of a plane: this and larger numbers share one
const BUDGET = 100_000; // of the attacker's moves, when a ladder is read

/** A position: cells with a wall around them, row by row, the ply of each stone, and the move that ko forbids. */
class Board {
  constructor(size) {
    this.stride = size + 1;
    this.cells = new Uint8Array((size + 2) * this.stride + 1).fill(WALL);
    this.points = Array.from({ length: size * size }, (_, n) => (Math.floor(n / size) + 1) * this.stride + (n % size) + 1);
    for (const cell of this.points) this.cells[cell] = EMPTY;
    this.born = new Map();
    this.ko = null;
  }

  beside(cell) {
    return [cell - this.stride, cell - 1, cell + 1, cell + this.stride];
  }

  /** The string of a stone: its stones, and its liberties in their order on the board. */
  string(cell) {
    const colour = this.cells[cell];
    const [stones, liberties] = [new Set([cell]), new Set()];
    for (const stone of stones)
      for (const near of this.beside(stone)) {
        if (this.cells[near] === colour) stones.add(near);
        else if (this.cells[near] === EMPTY) liberties.add(near);
      }
    return { stones, liberties: [...liberties].sort((a, b) => a - b) };
  }

  /** Put a stone and take what it captures; returns the number of captured stones. */
  play(cell, colour) {
    this.cells[cell] = colour;
    let captured = 0;
    for (const near of this.beside(cell)) {
      if (this.cells[near] !== 3 - colour) continue;
      const { stones, liberties } = this.string(near);
      if (liberties.length) continue;
      captured += stones.size;
      for (const stone of stones) this.cells[stone] = EMPTY;
    }
    const { stones, liberties } = this.string(cell);
    const isKo = captured === 1 && stones.size === 1 && liberties.length === 1;
    this.ko = isKo ? { cell: liberties[0], colour: 3 - colour } : null;
    return captured;
  }

  /** What `task` returns; the stones are as before then. */
  trying(task) {
    const [cells, ko] = [this.cells.slice(), this.ko];
    const result = task();
    [this.cells, this.ko] = [cells, ko];
    return result;
  }

  /** What a move would capture, and the stones and liberties of its string then. */
  preview(cell, colour) {
    return this.trying(() => {
      const captured = this.play(cell, colour);
      const { stones, liberties } = this.string(cell);
      return { captured, stones: stones.size, liberties: liberties.length };
    });
  }

  isLegal(cell, colour) {
    const forbidden = this.ko?.cell === cell && this.ko.colour === colour;
    return this.cells[cell] === EMPTY && !forbidden && this.preview(cell, colour).liberties > 0;
  }

  isTrueEye(cell, colour) {
    if (!this.beside(cell).every((near) => [colour, WALL].includes(this.cells[near]))) return false;
    const corners = [-this.stride - 1, -this.stride + 1, this.stride - 1, this.stride + 1].map((step) => this.cells[cell + step]);
    return corners.filter((corner) => corner === 3 - colour).length + corners.includes(WALL) <= 1;
  }

  /** The cells that capture a string in atari beside the prey. */
  captures(prey) {
    const hostile = 3 - this.cells[prey];
    const found = new Set();
    for (const stone of this.string(prey).stones)
      for (const near of this.beside(stone)) {
        if (this.cells[near] !== hostile) continue;
        const { liberties } = this.string(near);
        if (liberties.length === 1) found.add(liberties[0]);
      }
    return [...found].sort((a, b) => a - b);
  }

  /** Whether a move of the other colour catches the prey in a ladder, or one of its own saves it. */
  ladderWorks(prey, cell, colour) {
    this.budget = BUDGET;
    return colour === this.cells[prey] ? this.#saves(prey, cell) : this.#catches(prey, cell);
  }

  #saves(prey, cell) {
    return this.trying(() => {
      this.play(cell, this.cells[prey]);
      const { liberties } = this.string(prey);
      return liberties.length > 2 || (liberties.length === 2 && !liberties.some((one) => this.#catches(prey, one)));
    });
  }

  #catches(prey, cell) {
    if (this.budget-- <= 0) return false;
    const own = this.cells[prey];
    const { captured, stones, liberties } = this.preview(cell, 3 - own);
    if (!liberties || (captured === 1 && stones === 1 && liberties === 1)) return false; // suicide, or a ko
    const defence = this.string(prey).liberties.find((one) => one !== cell);
    if (!captured && this.preview(defence, own).liberties > 3) return false;
    return this.trying(() => {
      this.play(cell, 3 - own);
      const left = this.preview(defence, own).liberties;
      if (left > 2 || (left === 2 && this.#saves(prey, defence))) return false;
      return !this.captures(prey).some((one) => this.preview(one, own).liberties > 0 && this.#saves(prey, one));
    });
  }

  /** The planes of the groups {name: number}, before move `ply` of a colour, and which moves are legal. */
  planes(groups, ply, colour) {
    const area = this.points.length;
    const data = new Int8Array(area * Object.values(groups).reduce((a, b) => a + b, 0));
    const starts = {};
    let next = 0;
    for (const [name, number] of Object.entries(groups)) {
      starts[name] = next;
      next += number;
    }
    const set = (name, point, plane = 0, value = 1) => {
      if (name in starts) data[(starts[name] + plane) * area + point] = value;
    };
    const counted = (name, point, number) => set(name, point, Math.min(number, MOST) - 1);
    const legal = this.points.map((cell, point) => {
      set("ones", point);
      const stone = this.cells[cell];
      if (stone !== EMPTY) {
        set("stone colour", point, stone === colour ? 0 : 1);
        counted("turns since", point, ply - (this.born.get(cell) ?? -MOST));
        counted("liberties", point, this.string(cell).liberties.length);
        set("difference", point, 0, stone === colour ? 1 : -1);
        return false;
      }
      set("stone colour", point, 2);
      if (!this.isLegal(cell, colour)) return false;
      const { captured, stones, liberties } = this.preview(cell, colour);
      if (captured) counted("capture size", point, captured);
      if (liberties === 1) counted("self-atari size", point, stones);
      counted("liberties after move", point, liberties);
      if (!this.isTrueEye(cell, colour)) set("sensibleness", point);
      return true;
    });
    if ("ladder capture" in starts || "ladder escape" in starts) {
      const places = new Map(this.points.map((cell, point) => [cell, point]));
      for (const [name, cell] of this.#ladders(colour)) set(name, places.get(cell));
    }
    return { data, legal };
  }

  *#ladders(colour) {
    const seen = new Set();
    for (const stone of this.points) {
      if (this.cells[stone] === EMPTY || seen.has(stone)) continue;
      const { stones, liberties } = this.string(stone);
      for (const one of stones) seen.add(one);
      const own = this.cells[stone] === colour;
      if (liberties.length !== (own ? 1 : 2)) continue;
      for (const cell of own ? [...liberties, ...this.captures(stone)] : liberties)
        if ((!own || this.isLegal(cell, colour)) && this.ladderWorks(stone, cell, colour)) yield [own ? "ladder escape" : "ladder capture", cell];
    }
  }
}

/** The position after moves, points or null for a pass, black's first. */
function after(size, moves) {
  const board = new Board(size);
  const taken = { [BLACK]: 0, [WHITE]: 0 };
  moves.forEach((point, ply) => {
    if (point === null) return (board.ko = null);
    const [cell, colour] = [board.points[point], ply % 2 ? WHITE : BLACK];
    taken[colour] += board.play(cell, colour);
    board.born.set(cell, ply);
  });
  return { board, taken, ply: moves.length, colour: moves.length % 2 ? WHITE : BLACK };
}

function drawBoard(canvas, { board }, last, policy, cursor) {
  const brush = canvas.getContext("2d");
  const { size } = facts;
  const wide = canvas.width / size;
  const middle = (n) => (n + 0.5) * wide;
  brush.fillStyle = "#e7c48b";
  brush.fillRect(0, 0, canvas.width, canvas.height);
  Object.assign(brush, { strokeStyle: "#5b411c", lineWidth: 2 });
  for (let line = 0; line < size; line++) {
    brush.strokeRect(middle(0), middle(line), middle(size - 1) - middle(0), 0);
    brush.strokeRect(middle(line), middle(0), 0, middle(size - 1) - middle(0));
  }
  const disc = (point, share, colour) => {
    brush.fillStyle = colour;
    brush.beginPath();
    brush.arc(middle(point % size), middle(Math.floor(point / size)), share * wide, 0, 2 * Math.PI);
    brush.fill();
  };
  board.points.forEach((cell, point) => {
    const stone = board.cells[cell];
    if (stone !== EMPTY) disc(point, 0.46, stone === BLACK ? "#111" : "#fff");
    else if (policy[point] > 0.004) disc(point, 0.4, `rgb(0 80 160 / ${Math.min(0.2 + Math.sqrt(policy[point]), 1)})`);
  });
  if (last !== null && last !== undefined) disc(last, 0.15, "#d55e00");
  brush.strokeStyle = "#0072b2";
  brush.lineWidth = 3;
  if (document.activeElement === canvas) brush.strokeRect((cursor % size) * wide, Math.floor(cursor / size) * wide, wide, wide);
}

/** The form: a board to play on. */
function begin() {
  const { size, planes: groups, classes } = facts;
  const [canvas, state] = ["board", "state"].map((name) => document.getElementById(name));
  let moves = [];
  let policy = [];
  let cursor = (size * size) >> 1;
  const draw = (position = after(size, moves)) => drawBoard(canvas, position, moves.at(-1), policy, cursor);

  /** The network's probabilities of the legal moves, which it draws and lists. */
  async function look() {
    const position = after(size, moves);
    const { board, taken, ply, colour } = position;
    const { data, legal } = board.planes(groups, ply, colour);
    policy = [];
    draw(position);
    const over = moves.length > 1 && moves.slice(-2).every((move) => move === null);
    const turn = over ? "The game is over." : `Move ${ply + 1}: ${colour === BLACK ? "black" : "white"} to play.`;
    state.textContent = `${turn} Captures: black ${taken[BLACK]}, white ${taken[WHITE]}.`;
    const at = moves;
    const shares = await probabilities({ x: ["int8", data, [1, data.length / size ** 2, size, size]] });
    if (at !== moves) return;
    const sum = shares.reduce((all, share, point) => all + (legal[point] ? share : 0), 0);
    policy = over || !sum ? [] : Array.from(shares, (share, point) => (legal[point] ? share / sum : 0));
    if (policy.length) show(policy);
    else answer.replaceChildren();
    draw(position);
  }

  async function play(point) {
    const { board, colour } = after(size, moves);
    if (point !== null && !board.isLegal(board.points[point], colour)) {
      state.textContent = `${classes[point]} is illegal: on a stone, suicide, or a ko.`;
      return;
    }
    moves = [...moves, point];
    await look();
  }

  const likeliest = () => (policy.length ? policy.indexOf(Math.max(...policy)) : null);
  async function turn(point) {
    const before = moves.length;
    await play(point);
    if (moves.length > before && document.getElementById("opponent").checked) await play(likeliest());
  }

  const tried = (task) => () => task().catch(failed);
  canvas.addEventListener("click", (event) => {
    const box = canvas.getBoundingClientRect();
    const [column, row] = [event.offsetX / box.width, event.offsetY / box.height].map((share) => Math.min(Math.floor(share * size), size - 1));
    cursor = row * size + column;
    turn(cursor).catch(failed);
  });
  canvas.addEventListener("keydown", (event) => {
    const [row, column] = [Math.floor(cursor / size), cursor % size];
    const next = { ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1] }[event.key];
    if (event.key === "Enter") turn(cursor).catch(failed);
    else if (next) {
      event.preventDefault();
      const [r, c] = next.map((place) => Math.min(Math.max(place, 0), size - 1));
      cursor = r * size + c;
      state.textContent = classes[cursor];
      draw();
    }
  });
  for (const name of ["focus", "blur"]) canvas.addEventListener(name, () => draw());
  const on = (name, task) => document.getElementById(name).addEventListener("click", tried(task));
  on("undo", () => {
    moves = moves.slice(0, document.getElementById("opponent").checked ? -2 : -1);
    return look();
  });
  on("pass", () => turn(null));
  on("reply", () => play(likeliest()));
  on("clear", () => {
    moves = [];
    return look();
  });
  look().catch(failed);
}
