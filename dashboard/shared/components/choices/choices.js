// A group of choices as real buttons: rows with a bar for their share, or tiles with a small picture.

import { find, make, makeButton } from "../viewer/js/elements.js"
import { walkAlong } from "../viewer/js/keyboard.js"

/**
 * @typedef {{ id: string, title: string, detail: string, hint: string, share: number | null, image: string | null }}
 *   ChoiceItem
 */

/** @param {Component<{ look: string, label: string, items: ChoiceItem[], selected: string | null }>} component */
export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const group = find(parentElement, ".choices")
  group.className = `choices ${data.look}`
  group.setAttribute("aria-label", data.label)
  /** @type {any} */
  const active = parentElement.activeElement ?? find(parentElement, ":focus")
  const focused = active?.dataset.id
  group.replaceChildren(...data.items.map((item) => button(item, data.selected, setTriggerValue)))
  if (focused) group.querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus()
  group.onkeydown = (/** @type {KeyboardEvent} */ event) => walkAlong(event, [...group.querySelectorAll("button")])
}

/** @param {ChoiceItem} item @param {string | null} selected @param {Tell} setTriggerValue */
function button(item, selected, setTriggerValue) {
  const element = makeButton("choice")
  element.dataset.id = item.id
  element.title = item.hint
  element.setAttribute("aria-pressed", String(item.id === selected))
  if (item.image) {
    element.append(Object.assign(make("img", "thumb"), { src: item.image, alt: "", draggable: false }))
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
