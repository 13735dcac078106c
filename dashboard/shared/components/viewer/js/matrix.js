// One matrix: what Python sent, and drawing only those tiles that are new or drawn differently.

const NARROWEST = 52 // CSS pixels of a tile's picture, and at most
const WIDEST = 168
const SMALL = 84 // below, the headings are small too
const PADDING = 14 // around a tile, in CSS pixels: css/matrix.css
const TALLEST = 1.3 // heights of a tile's width
const LINE = 15 // CSS pixels of a line of a reason: css/matrix.css

const PARTS = [
  "scroller", "readout", "progress", "scale-note", "legend", "legend-title", "bar", "low", "cut", "high", "low-end",
  "high-end",
]

export default (component) => mount(component, createMatrix, receive)

function createMatrix(root, signal) {
  const find = (selector) => root.querySelector(selector)
  const table = { matrix: find(".matrix"), table: find("table"), head: find("thead"), body: find("tbody") }
  const view = { signal, el: { ...table, ...findByClass(root, PARTS) }, cells: [] }
  view.settings = () => getSettings(view.name)
  view.lut = () => view.scales[chosenScale(view.settings(), scaleKind(view.heat), view.scales)]
  listenToTiles(view, signal)
  onSettings((name) => name === view.name, () => schedule(view), signal)
  const observer = new ResizeObserver(() => schedule(view))
  observer.observe(view.el.matrix)
  signal.addEventListener("abort", () => observer.disconnect())
  return view
}

async function receive(view, { data, setTriggerValue }) {
  const { header, blob, floats } = decodePayload(data)
  const { picture, rows, columns, selected, choosable, reveal, settings: name, range, note } = header
  const scales = decodeScales(header.scales, blob("scales"))
  const cells = withMaps(header.cells, floats, view.cells)
  Object.assign(view, { setTriggerValue, picture, rows, columns, cells, selected, choosable, reveal, name, scales })
  view.heat = range
  showTable(view)
  showBelow(view, note)
  if (cells.length) setStop(view, view.stop ?? { row: selected?.[0] ?? 0, col: selected?.[1] ?? 0 })
  try {
    const bitmap = await decodedPicture(picture.digest, () => blob("picture"))
    if (view.picture === picture) Object.assign(view, { bitmap })
    schedule(view)
  } catch {
    view.el.readout.textContent = "The browser cannot decode this picture."
  }
}

// A map that was here before keeps its samples.
function withMaps(headers, floats, before) {
  const areas = new Map(before.filter((cell) => cell?.area).map((cell) => [cell.digest, cell.area]))
  let count = 0
  return headers.map((cell) => {
    if (!cell?.digest) return cell
    const { rows, cols, digest } = cell
    return { ...cell, map: { rows, cols, values: floats(`map${count++}`) }, area: areas.get(digest) }
  })
}

function showBelow({ el, heat, cells }, note) {
  const done = cells.filter((cell) => cell !== null).length
  el.legend.hidden = !heat
  el["legend-title"].textContent = heat?.label ?? ""
  el["scale-note"].textContent = note
  el.progress.textContent = done < cells.length ? `${done} of ${cells.length}` : ""
}

function schedule(view) {
  drawSoon(view, drawMatrix)
}

function drawMatrix(view) {
  const { el, bitmap, picture, columns } = view
  const room = el.scroller.clientWidth
  if (!bitmap || !room) return // in a hidden tab
  const widthOf = () => Math.floor((room - el.head.querySelector(".corner").offsetWidth) / columns.length) - PADDING
  el.matrix.classList.remove("small")
  el.matrix.classList.toggle("small", widthOf() < SMALL)
  const width = clamp(widthOf(), NARROWEST, WIDEST)
  const size = fitSize(picture, width, TALLEST * width, devicePixelRatio)
  const height = size.height / devicePixelRatio
  el.matrix.style.setProperty("--tile", `${width}px`)
  el.matrix.style.setProperty("--frame", `${height}px`)
  el.matrix.style.setProperty("--lines", Math.max(1, Math.floor(height / LINE)))
  if (view.heat) drawBar(view)
  drawCells(view, size)
}

function drawCells(view, size) {
  const { el, picture, bitmap, cells, scales } = view
  const baseOf = `${picture.digest} ${size.width} x ${size.height}`
  if (view.baseOf !== baseOf) Object.assign(view, { baseOf, base: pictureCanvas(bitmap, picture, size) })
  const canvases = el.body.querySelectorAll(".scene")
  const settings = JSON.stringify(view.settings())
  cells.forEach((cell, i) => {
    const canvas = canvases[i]
    const drawn = cell?.digest && `${cell.digest} ${cell.vmin} ${cell.vmax} ${baseOf} ${settings}`
    if (!drawn || canvas.dataset.drawn === drawn) return
    if (!sameSize(canvas, size)) Object.assign(canvas, size)
    canvas.style.width = `${size.width / devicePixelRatio}px`
    drawTile(canvas, view.base, picture, cell, view.settings(), scales)
    canvas.dataset.drawn = drawn
  })
}
