// One gallery: a button a layer, each with the picture and its map, in the settings of the viewer it follows.

const TILE = 132 // CSS pixels that a tile needs
const TILE_GAP = 12

export default (component) => mount(component, createGallery, receive)

function createGallery(root, signal) {
  const gallery = { strip: root.querySelector(".gallery"), tiles: [], signal }
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
  gallery.strip.classList.toggle("fill", header.fill)
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
  const frame = make("span", "frame", make("canvas", "scene"), make("span", "note"))
  return Object.assign(make("button", "tile", frame, " ", make("span", "name"), " ", make("span", "grid")), { type: "button" })
}

function showTile(button, tile, selected, picture) {
  const text = (selector, value) => { button.querySelector(selector).textContent = value }
  const grid = `${tile.rows} \u00d7 ${tile.cols}`
  text(".name", tile.name)
  text(".grid", tile.message ? grid : `${grid} \u00b7 ${extremesInShort(tile)}`)
  text(".note", tile.message ?? "")
  button.title = tile.name
  button.querySelector(".frame").style.aspectRatio = `${picture.width} / ${picture.height}`
  button.setAttribute("aria-pressed", String(selected))
}

// As many columns as fit, spread evenly over the rows.
function columnsFor(width, count) {
  const fit = Math.max(1, Math.floor((width + TILE_GAP) / (TILE + TILE_GAP)))
  return Math.ceil(count / Math.ceil(count / fit))
}

function schedule(gallery) {
  const { strip } = gallery
  strip.style.setProperty("--columns", columnsFor(strip.clientWidth, gallery.tiles.length || 1))
  drawSoon(gallery, drawTiles)
}

function drawTiles(gallery) {
  if (gallery.bitmap) gallery.tiles.forEach((tile, i) => draw(gallery, tile, gallery.strip.children[i]))
}

function draw({ picture, bitmap, name, scales }, tile, button) {
  const canvas = button.querySelector(".scene")
  const size = fitTile(canvas, picture)
  if (size) drawTile(canvas, pictureCanvas(bitmap, picture, size), picture, tile, getSettings(name), scales)
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
