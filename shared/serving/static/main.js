// The page: a tab for each kind of input, and one that looks inside a run.

import { get } from "./api.js";
import { make } from "./dom.js";
import { Draw } from "./draw.js";
import { Inside } from "./inside.js";
import { Play } from "./play.js";
import { Speak } from "./speak.js";
import { Type } from "./type.js";

const PARTS = { draw: Draw, play: Play, speak: Speak, type: Type, inside: Inside };
const theme = document.getElementById("theme");

history.replaceState(null, "", `/${location.hash}`); // the token does not stay in the address

/** Light or dark, as the system has it until the switch is used. */
function dark(on) {
  theme.ariaPressed = String(on);
  document.documentElement.style.colorScheme = on ? "dark" : "light";
}

theme.addEventListener("click", () => dark(theme.ariaPressed !== "true"));
theme.ariaPressed = String(matchMedia("(prefers-color-scheme: dark)").matches);

async function start() {
  const order = Object.values(PARTS).map((part) => part.domain);
  const { networks } = await get("networks");
  networks.sort((a, b) => order.indexOf(a.domain) - order.indexOf(b.domain));
  const parts = {};
  const tabs = {};
  for (const [name, Made] of Object.entries(PARTS)) {
    const fitting = Made.domain ? networks.filter((one) => one.domain === Made.domain) : networks;
    if (!fitting.length) continue;
    parts[name] = new Made(fitting);
    parts[name].element.id = `part-${name}`;
    tabs[name] = make("a", { href: `#${name}` }, Made.title);
  }

  function show() {
    const asked = location.hash.slice(1);
    const chosen = asked in parts ? asked : Object.keys(parts)[0];
    for (const [name, part] of Object.entries(parts)) {
      part.element.hidden = name !== chosen;
      if (name === chosen) tabs[name].setAttribute("aria-current", "page");
      else tabs[name].removeAttribute("aria-current");
    }
    document.title = `${PARTS[chosen].title} – Convolutions`;
    parts[chosen].open();
  }

  document.getElementById("tabs").replaceChildren(...Object.values(tabs));
  document.getElementById("parts").replaceChildren(...Object.values(parts).map((part) => part.element));
  addEventListener("hashchange", show);
  show();
}

start().catch((error) => {
  const waiting = document.getElementById("waiting");
  waiting.className = "error";
  waiting.role = "alert";
  waiting.textContent = error.message;
});
