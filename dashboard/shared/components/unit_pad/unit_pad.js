// Buttons that move a unit. With Shift the arrow keys change channel and layer wherever the focus is, but in fields and
// where something else has taken them; plain arrows, which scroll the page, move the place while the focus is in here.

const BUTTONS = [
  [["left", "←"], ["up", "↑"], ["down", "↓"], ["right", "→"], "Place"],
  [["previous channel", "‹"], ["next channel", "›"], "Channel"],
  [["earlier layer", "‹"], ["later layer", "›"], "Layer"],
]
const PLAIN = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down" }
const SHIFTED = {
  ArrowLeft: "previous channel", ArrowRight: "next channel", ArrowUp: "later layer", ArrowDown: "earlier layer",
}
const KEYS = { Place: "arrow keys on the picture", Channel: "Shift + ← →", Layer: "Shift + ↑ ↓" }
const FIELDS = "select, textarea, [contenteditable], input, [role=combobox], [role=slider]"

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const pad = parentElement.querySelector(".pad")
  if (!pad.children.length) pad.append(...BUTTONS.map(group))
  for (const button of pad.querySelectorAll("button")) {
    button.disabled = !data.possible.includes(button.dataset.move)
    button.onclick = () => setTriggerValue("move", button.dataset.move)
  }
  const press = (event) => {
    const [target] = event.composedPath()
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return
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

function group(parts) {
  const label = parts.at(-1)
  const element = make("div", "group")
  element.append(make("span", "label", label), ...parts.slice(0, -1).map(button), make("span", "keys", KEYS[label]))
  return element
}

function button([move, sign]) {
  const element = make("button", "move", sign)
  Object.assign(element, { type: "button", title: move[0].toUpperCase() + move.slice(1) })
  element.setAttribute("aria-label", move)
  element.dataset.move = move
  return element
}

function make(tag, className, text = "") {
  return Object.assign(document.createElement(tag), { className, textContent: text })
}
