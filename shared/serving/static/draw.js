// Draw: a canvas for mouse, touch and pen; picture files; the camera.

import { base64 } from "./api.js";
import { button, hidden, labelled, make } from "./dom.js";
import { chooser, examples, takesFiles } from "./files.js";
import { Part } from "./part.js";

const SIZE = 336; // of the canvas, in its own pixels

export class Draw extends Part {
  static domain = "image";
  static title = "Draw";
  empty = "Draw, drop or paste a picture: the answer appears here.";
  #last = null;
  #waiting = false;

  constructor(networks) {
    super(networks);
    this.canvas = make("canvas", { width: SIZE, height: SIZE, className: "paper", role: "img" });
    this.canvas.ariaLabel = "Canvas to draw on. Without a pointer, choose a picture file below.";
    this.context = this.canvas.getContext("2d");
    this.brush = make("input", { type: "range", min: "4", max: "60", value: "26" });
    this.colour = make("input", { type: "color", value: "#000000" });
    this.colourField = labelled("Colour", this.colour, { hidden: true });
    this.samples = make("span", { className: "samples" });
    this.camera = button("Camera", () => this.tried(() => this.#photograph()), { hidden: true });
    this.video = make("video", { muted: true, playsInline: true, hidden: true, ariaLabel: "Camera" });
    this.shutter = button("Take the picture", () => this.#take(), { hidden: true });
    this.hint = make("span", { className: "hint", ariaHidden: "true" }, "Draw here");
    const paper = make("div", { className: "sheet" }, this.canvas, this.hint, this.video);
    const given = (file) => this.tried(() => this.#open(file));
    this.controls.append(
      paper,
      make(
        "div",
        { className: "tools" },
        button("Clear", () => this.clear()),
        labelled("Brush", this.brush),
        this.colourField,
      ),
      make(
        "div",
        { className: "tools" },
        chooser("Picture file", "image/*", given),
        this.camera,
        this.shutter,
        this.samples,
      ),
      hidden("Picture files can be dropped on the page, or pasted."),
    );
    takesFiles(this.element, "image/", given);
    this.canvas.addEventListener("pointerdown", (event) => this.#down(event));
    this.canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"])
      this.canvas.addEventListener(name, () => (this.#last = null));
    this.#paper();
  }

  input() {
    if (this.blank) return null;
    if (this.file) return this.file;
    const url = this.canvas.toDataURL("image/png");
    return { file: url.slice(url.indexOf(",") + 1), name: "drawing.png" };
  }

  used(details) {
    if (!details) return;
    this.colourField.hidden = details.input.channels !== 3;
    this.samples.replaceChildren(...examples(details, (file) => this.tried(async () => this.#open(await file))));
    this.#lookForCamera();
  }

  clear() {
    this.#closeCamera();
    this.#paper();
    this.changed();
  }

  #paper() {
    this.context.fillStyle = "white";
    this.context.fillRect(0, 0, SIZE, SIZE);
    this.blank = true;
    this.file = null;
    this.hint.hidden = false;
  }

  #down(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.#last = this.#at(event);
    this.#stroke(event, this.#last);
  }

  #move(event) {
    if (this.#last)
      for (const one of event.getCoalescedEvents?.() ?? [event]) this.#stroke(one, this.#at(one));
  }

  #at(event) {
    const place = this.canvas.getBoundingClientRect();
    return [
      ((event.clientX - place.left) / place.width) * SIZE,
      ((event.clientY - place.top) / place.height) * SIZE,
    ];
  }

  #stroke(event, to) {
    const pressed = event.pointerType === "pen" ? 0.5 + event.pressure : 1;
    Object.assign(this.context, {
      lineCap: "round",
      lineJoin: "round",
      lineWidth: this.brush.value * pressed,
    });
    this.context.strokeStyle = this.colourField.hidden ? "black" : this.colour.value;
    this.context.beginPath();
    this.context.moveTo(...this.#last);
    this.context.lineTo(...to);
    this.context.stroke();
    this.#last = to;
    this.blank = false;
    this.file = null;
    this.hint.hidden = true;
    this.#soon(performance.now());
  }

  /** Once a frame, however many strokes it holds. */
  #soon(since) {
    if (this.#waiting) return;
    this.#waiting = true;
    requestAnimationFrame(() => {
      this.#waiting = false;
      this.changed(since);
    });
  }

  /** A picture file is sent as it is; the canvas shows it, and strokes on it make a drawing of both. */
  async #open(file) {
    const since = performance.now();
    const contents = { file: await base64(file), name: file.name };
    this.#paper();
    this.blank = false;
    this.file = contents;
    this.hint.hidden = true;
    try {
      this.#fit(await createImageBitmap(file));
    } catch {
      this.hint.hidden = false; // a form that the browser does not know; the server may
    }
    this.changed(since);
  }

  #fit(image) {
    const [width, height] = [image.videoWidth ?? image.width, image.videoHeight ?? image.height];
    const scale = SIZE / Math.max(width, height);
    const [w, h] = [width * scale, height * scale];
    this.context.drawImage(image, (SIZE - w) / 2, (SIZE - h) / 2, w, h);
  }

  async #lookForCamera() {
    const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    this.camera.hidden = !devices.some((device) => device.kind === "videoinput");
  }

  async #photograph() {
    this.video.srcObject = await navigator.mediaDevices.getUserMedia({
      video: { facingMode: "environment" },
    });
    await this.video.play();
    this.video.hidden = this.shutter.hidden = false;
    this.camera.hidden = true;
  }

  #take() {
    const since = performance.now();
    this.#paper();
    this.#fit(this.video);
    this.#closeCamera();
    this.blank = false;
    this.hint.hidden = true;
    this.changed(since);
  }

  #closeCamera() {
    if (!this.video.srcObject) return;
    for (const track of this.video.srcObject.getTracks()) track.stop();
    this.video.srcObject = null;
    this.video.hidden = this.shutter.hidden = true;
    this.camera.hidden = false;
  }
}
