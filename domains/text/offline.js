// Text, to the same tokens as the commands: see domains/text/reading/tokens.py.

const LETTER = "[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}]";
const WORD = new RegExp(
  `${LETTER}+(?=n't)|n't|'${LETTER}+|${LETTER}+|(?!${LETTER})\\S`, "gu",
);

function tokens(text) {
  const plain = text.normalize("NFC").toLowerCase();
  if (facts.tokens === "words") return plain.match(WORD) ?? [];
  return Array.from(new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(plain), (part) => part.segment);
}

/** The form: a field, and its tokens. */
function begin() {
  const field = document.getElementById("text");
  const numbers = new Map(facts.vocabulary.map((token, number) => [token, number]));
  const words = document.getElementById("words");
  const look = async () => {
    const read = tokens(field.value).slice(0, facts.longest);
    words.replaceChildren(
      ...read.flatMap((token) => {
        const word = document.createElement(numbers.has(token) ? "span" : "s");
        word.textContent = token;
        return [word, " "];
      }),
    );
    if (!read.length) return answer.replaceChildren();
    const ids = BigInt64Array.from(read, (token) => BigInt(numbers.get(token) ?? 1));
    show(await probabilities({ x: ["int64", ids, [1, ids.length]], lengths: ["int64", BigInt64Array.of(BigInt(ids.length)), [1]] }));
  };
  field.addEventListener("input", () => look().catch(failed));
}
