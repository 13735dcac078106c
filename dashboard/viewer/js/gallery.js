// One gallery: a button a layer, each with the picture and its map, in the settings of the viewer it follows.

const TILE = 132 // CSS pixels that a tile needs
const TILE_GAP = 12

const GALLERIES = new WeakMap()

export default function (component) {
  const { parentElement: root } = component
  if (!GALLERIES.has(root)) GALLERIES.set(root, createGallery(root))
  const gallery = GALLERIES.get(root)
  const run = ++gallery.runs
  receive(gallery, component)
  return () => {
    if (run !== gallery.runs) return // overtaken by a later run
    gallery.abort.abort()
    GALLERIES.delete(root)
  }
}

function createGallery(root) {
  const gallery = { strip: root.querySelector(".gallery"), runs: 0, tiles: [], abort: new AbortController() }
  const { signal } = gallery.abort
  onSettings((name) => name === gallery.name, () => schedule(gallery), signal)
  gallery.strip.addEventListener("keydown", (event) => moveFocus(gallery, event), { signal })
  gallery.strip.addEventListener("click", (event) => choose(gallery, event), { signal })
  const observer = new ResizeObserver(() => schedule(gallery))
  observer.observe(gallery.strip)
  signal.addEventListener("abort", () => observer.disconnect())
  return gallery
}

async function receive(gallery, { data, setTriggerValue }) {
  const { header, blob, floats } = decodePayload(data)
  const { picture, selected, settings: name } = header
  const tiles = header.tiles.map((tile, i) => {
    return { ...tile, map: { rows: tile.rows, cols: tile.cols, values: floats(`map${i}`) } }
  })
  const scales = decodeScales(header.scales, blob("scales"))
  Object.assign(gallery, { setTriggerValue, picture, selected, name, tiles, scales, bitmap: null })
  showTiles(gallery)
  try {
    const bitmap = await decodedPicture(picture.digest, () => blob("picture"))
    if (gallery.picture === picture) Object.assign(gallery, { bitmap })
    schedule(gallery)
  } catch {
    for (const note of gallery.strip.querySelectorAll(".note")) note.textContent = "picture not readable"
  }
}

// Buttons are kept from run to run, so that the focus stays where it was.
function showTiles({ strip, tiles, selected, picture }) {
  while (strip.children.length > tiles.length) strip.lastElementChild.remove()
  while (strip.children.length < tiles.length) strip.append(newTile())
  tiles.forEach((tile, i) => showTile(strip.children[i], tile, tile.name === selected, picture))
}

function newTile() {
  const make = (tag, className, ...children) => {
    const element = Object.assign(document.createElement(tag), { className })
    element.append(...children)
    return element
  }
  const frame = make("span", "frame", make("canvas", "scene"), make("span", "note"))
  return Object.assign(make("button", "tile", frame, make("span", "name"), make("span", "grid")), { type: "button" })
}

function showTile(button, tile, selected, picture) {
  const text = (selector, value) => { button.querySelector(selector).textContent = value }
  const grid = `${tile.rows} \u00d7 ${tile.cols}`
  text(".name", tile.name)
  text(".grid", tile.message ? grid : `${grid} \u00b7 max ${formatNumber(tile.peak)}`)
  text(".note", tile.message ?? "")
  button.title = tile.name
  button.querySelector(".frame").style.aspectRatio = `${picture.width} / ${picture.height}`
  button.setAttribute("aria-pressed", String(selected))
  const content = tile.message ?? `largest value ${formatNumber(tile.peak)}`
  button.setAttribute("aria-label", `${tile.name}, grid ${grid}, ${content}`)
}

// As many columns as fit, spread evenly over the rows.
function columnsFor(width, count) {
  const fit = Math.max(1, Math.floor((width + TILE_GAP) / (TILE + TILE_GAP)))
  return Math.ceil(count / Math.ceil(count / fit))
}

function schedule(gallery) {
  const { strip, tiles } = gallery
  strip.style.setProperty("--columns", columnsFor(strip.clientWidth, tiles.length || 1))
  gallery.frame ??= requestAnimationFrame(() => {
    gallery.frame = null
    if (!gallery.bitmap || gallery.abort.signal.aborted) return
    gallery.tiles.forEach((tile, i) => drawTile(gallery, tile, gallery.strip.children[i]))
  })
}

function drawTile({ picture, bitmap, name, scales }, tile, button) {
  const canvas = button.querySelector(".scene")
  const { clientWidth, clientHeight } = canvas.parentElement
  if (!clientWidth) return // in a hidden tab
  const size = fitSize(picture, clientWidth, clientHeight, devicePixelRatio)
  if (!sameSize(size, canvas)) Object.assign(canvas, size)
  canvas.style.width = `${size.width / devicePixelRatio}px`
  const context = canvas.getContext("2d")
  const settings = getSettings(name)
  drawPicture(context, bitmap, picture, size)
  if (tile.message) return
  const lut = scales[chosenScale(settings, "sequential", scales)]
  drawHeat(context, sampleArea(picture, tile.map, size, settings.smooth), tile, settings, lut)
}

function moveFocus({ strip }, event) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key]
  const button = event.target.closest("button")
  if (!step || !button) return
  event.preventDefault()
  const buttons = [...strip.children]
  buttons[clamp(buttons.indexOf(button) + step, 0, buttons.length - 1)].focus()
}

// The tile is marked at once; the next run of the server confirms it.
function choose(gallery, event) {
  const button = event.target.closest("button")
  if (!button) return
  const buttons = [...gallery.strip.children]
  for (const other of buttons) other.setAttribute("aria-pressed", String(other === button))
  gallery.setTriggerValue("choose", gallery.tiles[buttons.indexOf(button)].name)
}
