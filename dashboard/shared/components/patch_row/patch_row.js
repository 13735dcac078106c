// Pieces of pictures as buttons; a card beside the one pointed at shows the whole picture and the place in it.

import { childrenOf, find, make, makeButton } from "../viewer/js/elements.js"

const GAP = 8

/** @typedef {{ name: string, title: string, value: string, crop: string, context: string, box: Box }} PatchItem */

/** @param {Component<{ label: string, items: PatchItem[] }>} component */
export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const row = find(parentElement, ".row")
  const card = find(parentElement, ".card")
  row.setAttribute("aria-label", data.label)
  const known = JSON.stringify(data)
  if (row.dataset.shown !== known) {
    hide(card)
    row.replaceChildren(...data.items.map((item) => piece(item, card)))
    row.dataset.shown = known
  }
  childrenOf(row).forEach((button, index) => {
    button.onclick = () => {
      hide(card)
      setTriggerValue("choose", index)
    }
  })
  return () => hide(card)
}

/** @param {PatchItem} item @param {HTMLElement} card */
function piece(item, card) {
  const texts = [make("span", "title", item.title), " ", make("span", "value", item.value)]
  const button = makeButton("piece", image("crop", item.crop), ...texts)
  button.setAttribute("aria-label", `${item.name}, ${item.title}, ${item.value}`)
  button.onpointerenter = button.onfocus = () => show(card, button, item)
  button.onpointerleave = button.onblur = () => hide(card)
  return button
}

/** @param {HTMLElement} card @param {HTMLElement} button @param {PatchItem} item */
function show(card, button, { context, box: [left, top, right, bottom], name }) {
  const place = make("div", "place")
  const part = (/** @type {number} */ number) => `${100 * number}%`
  const size = { width: part(right - left), height: part(bottom - top) }
  Object.assign(place.style, { left: part(left), top: part(top), ...size })
  card.replaceChildren(make("div", "frame", image("context", context), place), make("span", "name", name))
  if (!card.matches(":popover-open")) card.showPopover()
  const at = button.getBoundingClientRect()
  const { width, height } = card.getBoundingClientRect()
  const below = at.bottom + GAP + height <= innerHeight
  const y = below ? at.bottom + GAP : Math.max(GAP, at.top - height - GAP)
  const x = Math.min(Math.max(GAP, at.left + at.width / 2 - width / 2), innerWidth - width - GAP)
  Object.assign(card.style, { left: `${x}px`, top: `${y}px` })
}

/** @param {HTMLElement} card */
function hide(card) {
  if (card.matches(":popover-open")) card.hidePopover()
}

/** @param {string} className @param {string} source */
function image(className, source) {
  return Object.assign(make("img", className), { src: source, alt: "", draggable: false })
}
