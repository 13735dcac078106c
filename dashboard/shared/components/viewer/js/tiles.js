// One grid of tiles: what Python sent, the page that is shown, and drawing it. A canvas has a pixel a cell; the browser
// enlarges it without blur.

const PARTS = [
  "tiles", "grid", "value", "place", "scale-note", "pages", "previous", "next", "range", "legend", "legend-title",
  "bar", "low", "cut", "high", "low-end", "high-end",
]

export default (component) => mount(component, createTiles, receive)

function createTiles(root, signal) {
  const el = { ...findByClass(root, PARTS), live: root.querySelector("[aria-live]") }
  const view = { signal, el, first: 0, stop: 0, cell: null, spot: make("span", "spot") }
  view.settings = () => ({ ...getSettings(view.name), threshold: 0 })
  view.lut = () => view.scales[chosenScale(view.settings(), view.signed ? "diverging" : "sequential", view.scales)]
  listenToPointer(view, signal)
  listenToKeys(view, signal)
  onSettings((name) => name === view.name, () => drawSoon(view, drawPage), signal)
  const observer = new ResizeObserver(() => relayout(view))
  observer.observe(el.tiles)
  signal.addEventListener("abort", () => observer.disconnect())
  return view
}

function receive(view, { data, setTriggerValue }) {
  const { header, blob, floats } = decodePayload(data)
  const { settings: name, scales, ...sent } = header
  const { label, top, signed, selected } = sent
  const heat = top > 0 ? { vmin: signed ? -top : 0, vmax: top, label, ends: null } : null
  const moved = selected !== null && selected !== view.selected
  const values = sent.content === "rgb" ? blob("maps") : floats("maps")
  Object.assign(view, sent, { setTriggerValue, name, heat, values, ranges: [] })
  view.scales = decodeScales(scales, blob("scales"))
  if (moved) Object.assign(view, { first: selected, stop: selected })
  view.stop = hold(view.stop, Math.max(1, view.titles.length))
  showBelow(view)
  relayout(view)
}

function showBelow({ el, heat, content, top, choosable, titles, label }) {
  el.legend.hidden = !heat
  el["legend-title"].textContent = heat ? heat.label : ""
  el["scale-note"].textContent = content === "values" && top === null ? "Each map has its own colour scale." : ""
  el.grid.classList.toggle("choosable", choosable)
  el.grid.setAttribute("aria-label", `${titles.length} maps of ${label}`)
}

function relayout(view) {
  const room = view.el.tiles.clientWidth
  if (!room || !view.titles) return // in a hidden tab
  const { layout } = view
  view.layout = arrange(view, room, devicePixelRatio)
  view.first = startOfPage(view, layout && layout.count !== view.layout.count ? view.stop : view.first)
  const { count, gap, tile, width, height, enlarged } = view.layout
  view.el.grid.style.setProperty("--columns", count)
  for (const [name, length] of Object.entries({ gap, tile, width, height })) {
    view.el.grid.style.setProperty(`--${name}`, `${length}px`)
  }
  view.el.grid.classList.toggle("enlarged", enlarged)
  showTiles(view)
}

function turnTo(view, index) {
  const first = startOfPage(view, index)
  if (first === view.first) return
  view.first = first
  showTiles(view)
}

// Buttons are kept from page to page and from run to run.
function showTiles(view) {
  const { el, first, titles } = view
  const size = pageSize(view.layout)
  const shown = Math.min(size, titles.length - first)
  while (el.grid.children.length > shown) el.grid.lastElementChild.remove()
  while (el.grid.children.length < shown) el.grid.append(newTile())
  ;[...el.grid.children].forEach((button, i) => showTile(view, button, first + i))
  el.pages.hidden = titles.length <= size
  el.previous.disabled = first === 0
  el.next.disabled = first + size >= titles.length
  el.range.textContent = `${first + 1}\u2013${first + shown} of ${titles.length}`
  setStop(view, clamp(view.stop, first, first + shown - 1))
  showSpot(view)
  drawSoon(view, drawPage)
}

function newTile() {
  const frame = make("span", "frame", make("canvas", "scene"))
  return Object.assign(make("button", "tile", frame, make("span", "name"), " ", make("span", "detail")), { type: "button" })
}

function showTile(view, button, index) {
  const [, name, detail] = button.children
  const [title, ...lines] = view.titles[index].split("\n")
  const range = view.content === "values" && rangeOf(view, index)
  name.textContent = title
  detail.textContent = [...lines, ...(range ? [extremesInShort(range)] : [])].join("\n")
  button.title = [title, ...lines].join(", ")
  button.ariaLabel = title ? null : view.label // a tile is named by what stands on it
  if (view.choosable) button.setAttribute("aria-pressed", String(index === view.selected))
}

function drawPage(view) {
  ;[...view.el.grid.children].forEach((button, i) => drawTile(view, button.querySelector("canvas"), view.first + i))
  if (view.heat) drawBar(view)
}
