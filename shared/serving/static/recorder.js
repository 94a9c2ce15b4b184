// The microphone, as 16-bit WAV.

export const canRecord = () => Boolean(navigator.mediaDevices?.getUserMedia && window.AudioWorkletNode);

export class Recorder {
  #parts = [];

  /** Begin; fails where the user or the browser refuses. */
  async start() {
    this.stream = await navigator.mediaDevices.getUserMedia({
      audio: { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false },
    });
    this.context = new AudioContext();
    await this.context.audioWorklet.addModule("/static/worklet.js");
    const node = new AudioWorkletNode(this.context, "samples", { numberOfOutputs: 0 });
    node.port.onmessage = ({ data }) => this.#parts.push(data);
    this.context.createMediaStreamSource(this.stream).connect(node);
    await this.context.resume();
  }

  get seconds() {
    return this.#parts.reduce((sum, part) => sum + part.length, 0) / (this.context?.sampleRate ?? 1);
  }

  async stop() {
    for (const track of this.stream.getTracks()) track.stop();
    await this.context.close();
  }

  /** What was recorded so far. */
  file() {
    return new File([wav(this.#parts, this.context.sampleRate)], "recording.wav", { type: "audio/wav" });
  }
}

/** Samples from -1 to 1 as the bytes of a file. */
export function wav(parts, rate) {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const view = new DataView(new ArrayBuffer(44 + 2 * length));
  const ascii = (place, words) =>
    [...words].forEach((letter, n) => view.setUint8(place + n, letter.charCodeAt(0)));
  ascii(0, "RIFF");
  view.setUint32(4, 36 + 2 * length, true);
  ascii(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, 1, true); // one channel
  view.setUint32(24, rate, true);
  view.setUint32(28, 2 * rate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  ascii(36, "data");
  view.setUint32(40, 2 * length, true);
  let place = 44;
  for (const part of parts)
    for (const sample of part) {
      view.setInt16(place, Math.max(-1, Math.min(1, sample)) * 32767, true);
      place += 2;
    }
  return view.buffer;
}
