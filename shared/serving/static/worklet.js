// Hands the samples of the microphone to the page.

class Samples extends AudioWorkletProcessor {
  process([[samples]]) {
    if (samples) this.port.postMessage(samples.slice());
    return true;
  }
}

registerProcessor("samples", Samples);
