// Requests to the server, whose errors are sentences to show as they are.

async function send(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server does not answer. Is the command still running?");
  }
}

async function checked(response) {
  if (response.ok) return response;
  const body = await response.json().catch(() => ({}));
  throw new Error(body.error ?? `The server answered with status ${response.status}.`);
}

const postJSON = async (path, body, signal) =>
  checked(
    await send(`/api/${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      signal,
    }),
  );

const getAny = async (path, values) => checked(await send(`/api/${path}?${new URLSearchParams(values)}`));

export const get = async (path, values = {}) => (await getAny(path, values)).json();
export const post = async (path, body, signal) => (await postJSON(path, body, signal)).json();

/** An input that comes with a network, as a file. */
export async function sample(network, file) {
  return new File([await (await getAny("sample", { name: network, file })).blob()], file);
}

const details = new Map();
/** What the server knows of a network, asked once. */
export function network(name) {
  if (!details.has(name)) {
    const asked = get("network", { name });
    asked.catch(() => details.delete(name));
    details.set(name, asked);
  }
  return details.get(name);
}

/** The events of a slow request as `[name, data]`; aborting the signal ends the computation as well. */
export async function* events(path, body, signal) {
  const response = await postJSON(path, body, signal);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = ""; ;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value.replaceAll("\r", "")).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const fields = Object.fromEntries(
        block
          .split("\n")
          .filter((line) => !line.startsWith(":"))
          .map((line) => line.split(/: ?(.*)/s)),
      );
      if (fields.event) yield [fields.event, JSON.parse(fields.data)];
    }
  }
}

/** Runs one task at a time; of the values that come meanwhile only the newest has its turn. */
export class Newest {
  #waiting = null;
  #busy = false;

  constructor(task) {
    this.task = task;
  }

  async run(value) {
    this.#waiting = { value };
    if (this.#busy) return;
    this.#busy = true;
    while (this.#waiting) {
      const next = this.#waiting.value;
      this.#waiting = null;
      await this.task(next);
    }
    this.#busy = false;
  }
}

/** The contents of a file, as the server takes them. */
export async function base64(blob) {
  const reader = new FileReader();
  const read = new Promise((resolve, reject) => {
    reader.onload = resolve;
    reader.onerror = () => reject(new Error(`${blob.name ?? "the file"}: cannot be read`));
  });
  reader.readAsDataURL(blob);
  await read;
  return reader.result.slice(reader.result.indexOf(",") + 1);
}

/** And back. */
export const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
