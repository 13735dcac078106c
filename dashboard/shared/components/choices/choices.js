// A group of choices as real buttons: rows with a bar for their share, or tiles with a small picture.

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const group = parentElement.querySelector(".choices")
  group.className = `choices ${data.look}`
  group.setAttribute("aria-label", data.label)
  const focused = parentElement.activeElement?.dataset?.id ?? parentElement.querySelector(":focus")?.dataset?.id
  group.replaceChildren(...data.items.map((item) => button(item, data.selected, setTriggerValue)))
  if (focused) group.querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus()
  group.onkeydown = (event) => move(group, event)
}

function button(item, selected, setTriggerValue) {
  const element = make("button", "choice")
  element.type = "button"
  element.dataset.id = item.id
  element.title = item.hint
  element.setAttribute("aria-pressed", String(item.id === selected))
  if (item.image) {
    const image = make("img", "thumb")
    Object.assign(image, { src: item.image, alt: "", draggable: false })
    element.append(image)
  }
  if (item.share !== null) {
    const bar = make("span", "bar")
    bar.style.width = `${Math.max(0.5, 100 * item.share)}%`
    element.append(bar)
  }
  element.append(make("span", "title", item.title), make("span", "detail", item.detail))
  element.onclick = () => setTriggerValue("choose", item.id)
  return element
}

function make(tag, className, text = "") {
  const element = document.createElement(tag)
  element.className = className
  element.textContent = text
  return element
}

// Arrow keys walk through the group, as in a list of radio buttons; Enter and Space choose.
function move(group, event) {
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key]
  if (!step) return
  event.preventDefault()
  const buttons = [...group.querySelectorAll("button")]
  const at = buttons.findIndex((b) => b.matches(":focus"))
  buttons[Math.min(buttons.length - 1, Math.max(0, at + step))]?.focus()
}
