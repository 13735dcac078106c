// One gallery: a button a layer, each with the picture and its map, in the settings of the viewer it follows.

import { around, listening, make, onResize } from "./elements.js"
import { walkAlong } from "./keyboard.js"
import { drawSoon, mount } from "./mount.js"
import { decodePayload, decodeScales, takePicture } from "./payload.js"
import { pictureCanvas } from "./scene.js"
import { getSettings, onSettings } from "./settings.js"
import { drawTile, fitTile } from "./tile.js"
import { extremesInShort, extremesInWords } from "./value_text.js"

const TILE = 132 // CSS pixels that a tile needs
const TILE_GAP = 12

export default (component) => mount(component, createGallery, receive)

function createGallery(root, signal) {
  const gallery = { strip: root.querySelector(".gallery"), tiles: [], signal }
  onSettings((name) => name === gallery.name, () => schedule(gallery), signal)
  const on = listening(signal)
  on(gallery.strip, "keydown", (event) => walkAlong(event, [...gallery.strip.children]))
  on(gallery.strip, "click", (event) => choose(gallery, event))
  onResize(gallery.strip, () => schedule(gallery), signal)
  return gallery
}

function receive(gallery, { data, setTriggerValue }) {
  const payload = decodePayload(data)
  const { header, blob, floats } = payload
  const { picture, selected, settings: name } = header
  const tiles = header.tiles.map((tile, i) => {
    return { ...tile, map: { rows: tile.rows, cols: tile.cols, values: floats(`map${i}`) } }
  })
  const scales = decodeScales(header.scales, blob("scales"))
  Object.assign(gallery, { setTriggerValue, picture, selected, name, tiles, scales, bitmap: null })
  gallery.strip.classList.toggle("fill", header.fill)
  showTiles(gallery)
  takePicture(gallery, payload, schedule, () => {
    for (const note of gallery.strip.querySelectorAll(".note")) note.textContent = "picture not readable"
  })
}

// Buttons are kept from run to run, so that the focus stays where it was.
function showTiles({ strip, tiles, selected, picture }) {
  while (strip.children.length > tiles.length) strip.lastElementChild.remove()
  while (strip.children.length < tiles.length) strip.append(newTile())
  tiles.forEach((tile, i) => showTile(strip.children[i], tile, tile.name === selected, picture))
}

function newTile() {
  const frame = make("span", "frame", make("canvas", "scene"), make("span", "note"))
  return Object.assign(make("button", "tile", frame, make("span", "name"), make("span", "grid")), { type: "button" })
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
  button.setAttribute("aria-label", `${tile.name}, grid ${grid}, ${tile.message ?? extremesInWords(tile)}`)
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
  if (size) drawTile(canvas, { base: pictureCanvas(bitmap, picture, size), picture, tile, settings: getSettings(name), scales })
}

// The tile is marked at once; the next run of the server confirms it.
function choose(gallery, event) {
  const button = around(event, "button")
  if (!button) return
  const buttons = [...gallery.strip.children]
  for (const other of buttons) other.setAttribute("aria-pressed", String(other === button))
  gallery.setTriggerValue("choose", gallery.tiles[buttons.indexOf(button)].name)
}
