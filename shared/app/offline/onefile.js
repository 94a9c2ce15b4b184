
// One network in one file: its answer, and nothing from elsewhere. `write_page` in onefile.py puts what it needs
// into the page: the ONNX runtime, the network, facts about it, and the domain's offline.js, which stands before
// this and whose `begin` reads inputs.

const parts = Object.fromEntries(
  [...document.querySelectorAll("script[type='text/plain']")].map((part) => [part.id, part.textContent]),
);
const facts = JSON.parse(parts.facts);
const answer = document.getElementById("answer");

/** The bytes of a part, which is gzip in base64. */
async function unpacked(name) {
  const bytes = Uint8Array.from(atob(parts[name].trim()), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function loaded() {
  const code = new Blob([await unpacked("runtime")], { type: "text/javascript" });
  const ort = await import(URL.createObjectURL(code));
  ort.env.wasm.numThreads = 1; // more need headers that a file has not
  ort.env.wasm.wasmBinary = (await unpacked("wasm")).buffer;
  return { ort, session: await ort.InferenceSession.create(await unpacked("network")) };
}

const ready = loaded();

async function probabilities(feeds) {
  const { ort, session } = await ready;
  const tensors = Object.entries(feeds).map(([name, [type, data, shape]]) => [name, new ort.Tensor(type, data, shape)]);
  return (await session.run(Object.fromEntries(tensors))).probabilities.data;
}

function show(shares) {
  const order = [...shares.keys()].sort((a, b) => shares[b] - shares[a]).slice(0, 10);
  const rows = order.map((number) => {
    const row = document.createElement("li");
    const bar = document.createElement("meter");
    bar.value = shares[number];
    bar.ariaLabel = facts.classes[number];
    row.append(bar, ` ${facts.classes[number]} ${(100 * shares[number]).toFixed(1)} %`);
    return row;
  });
  answer.replaceChildren(...rows);
  answer.dataset.answers = Number(answer.dataset.answers ?? 0) + 1;
}

function failed(error) {
  answer.textContent = String(error.message ?? error);
}

begin();
ready.then(() => (document.body.dataset.ready = "true"), failed);
