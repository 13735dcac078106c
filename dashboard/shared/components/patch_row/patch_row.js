// Pieces of pictures as buttons; a card beside the one pointed at shows the whole picture and the place in it.

const GAP = 8

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const row = parentElement.querySelector(".row")
  const card = parentElement.querySelector(".card")
  row.setAttribute("aria-label", data.label)
  const known = JSON.stringify(data)
  if (row.dataset.shown !== known) {
    hide(card)
    row.replaceChildren(...data.items.map((item) => piece(item, card)))
    row.dataset.shown = known
  }
  ;[...row.children].forEach((button, index) => {
    button.onclick = () => {
      hide(card)
      setTriggerValue("choose", index)
    }
  })
  return () => hide(card)
}

function piece(item, card) {
  const button = make("button", "piece")
  Object.assign(button, { type: "button" })
  button.setAttribute("aria-label", `${item.name}, ${item.title}, ${item.value}`)
  button.append(picture("crop", item.crop), make("span", "title", item.title), " ", make("span", "value", item.value))
  button.onpointerenter = button.onfocus = () => show(card, button, item)
  button.onpointerleave = button.onblur = () => hide(card)
  return button
}

function show(card, button, { context, box: [left, top, right, bottom], name }) {
  const frame = make("div", "frame")
  const place = make("div", "place")
  const part = (number) => `${100 * number}%`
  Object.assign(place.style, { left: part(left), top: part(top), width: part(right - left), height: part(bottom - top) })
  frame.append(picture("context", context), place)
  card.replaceChildren(frame, make("span", "name", name))
  if (!card.matches(":popover-open")) card.showPopover()
  const at = button.getBoundingClientRect()
  const { width, height } = card.getBoundingClientRect()
  const below = at.bottom + GAP + height <= innerHeight
  const x = Math.min(Math.max(GAP, at.left + at.width / 2 - width / 2), innerWidth - width - GAP)
  Object.assign(card.style, { left: `${x}px`, top: `${below ? at.bottom + GAP : Math.max(GAP, at.top - height - GAP)}px` })
}

function hide(card) {
  if (card.matches(":popover-open")) card.hidePopover()
}

function picture(className, source) {
  return Object.assign(make("img", className), { src: source, alt: "", draggable: false })
}

function make(tag, className, text = "") {
  return Object.assign(document.createElement(tag), { className, textContent: text })
}
