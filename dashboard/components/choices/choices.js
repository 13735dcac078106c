// A group of choices as real buttons: rows with a bar for their share, or tiles with a small picture.

import { make } from "../viewer/js/elements.js"
import { walkAlong } from "../viewer/js/keyboard.js"

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const group = parentElement.querySelector(".choices")
  group.className = `choices ${data.look}`
  group.setAttribute("aria-label", data.label)
  const focused = parentElement.activeElement?.dataset?.id ?? parentElement.querySelector(":focus")?.dataset?.id
  group.replaceChildren(...data.items.map((item) => button(item, data.selected, setTriggerValue)))
  if (focused) group.querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus()
  group.onkeydown = (event) => walkAlong(event, [...group.querySelectorAll("button")])
}

function button(item, selected, setTriggerValue) {
  const element = make("button", "choice")
  element.type = "button"
  element.dataset.id = item.id
  element.title = item.hint
  element.setAttribute("aria-pressed", String(item.id === selected))
  if (item.picture) {
    const image = make("img", "thumb")
    Object.assign(image, { src: item.picture, alt: "", draggable: false })
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
