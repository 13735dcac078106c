// Buttons that move a unit. With Shift the arrow keys change channel and layer wherever the focus is, but in fields and
// where something else has taken them; plain arrows, which scroll the page, move the place while the focus is in here.

import { find, make, makeButton } from "../viewer/js/elements.js"
import { isCommand } from "../viewer/js/keyboard.js"

/** @typedef {{ label: string, keys: string, moves: [move: string, sign: string][] }} Group */

/** @type {Group[]} */
const GROUPS = [
  {
    label: "Place", keys: "arrow keys on the picture",
    moves: [["left", "←"], ["up", "↑"], ["down", "↓"], ["right", "→"]],
  },
  { label: "Channel", keys: "Shift + ← →", moves: [["previous channel", "‹"], ["next channel", "›"]] },
  { label: "Layer", keys: "Shift + ↑ ↓", moves: [["earlier layer", "‹"], ["later layer", "›"]] },
]
/** @type {Record<string, string>} */
const PLAIN = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down" }
/** @type {Record<string, string>} */
const SHIFTED = {
  ArrowLeft: "previous channel", ArrowRight: "next channel", ArrowUp: "later layer", ArrowDown: "earlier layer",
}
const FIELDS = "select, textarea, [contenteditable], input, [role=combobox], [role=slider]"

/** @param {Component<{ possible: string[] }>} component */
export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const pad = find(parentElement, ".pad")
  if (!pad.children.length) pad.append(...GROUPS.map(group))
  for (const button of pad.querySelectorAll("button")) {
    button.disabled = !data.possible.includes(button.dataset.move)
    button.onclick = () => setTriggerValue("move", button.dataset.move)
  }
  const press = (/** @type {KeyboardEvent} */ event) => {
    const [target] = event.composedPath()
    if (event.defaultPrevented || isCommand(event)) return
    if (target instanceof Element && target.matches(FIELDS)) return
    const inside = pad.matches(":focus-within")
    const move = event.shiftKey ? SHIFTED[event.key] : inside ? PLAIN[event.key] : null
    if (!move || !data.possible.includes(move)) return
    event.preventDefault()
    setTriggerValue("move", move)
  }
  document.addEventListener("keydown", press)
  return () => document.removeEventListener("keydown", press)
}

/** @param {Group} group */
function group({ label, keys, moves }) {
  return make("div", "group", make("span", "label", label), ...moves.map(button), make("span", "keys", keys))
}

/** @param {[move: string, sign: string]} move */
function button([move, sign]) {
  const title = move[0].toUpperCase() + move.slice(1)
  const element = Object.assign(makeButton("move", sign), { title })
  element.setAttribute("aria-label", move)
  element.dataset.move = move
  return element
}
