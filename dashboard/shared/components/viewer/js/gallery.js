// One gallery: a button a layer, each with the picture and its map, in the settings of the viewer it follows.

import {
  around, childrenOf, find, keepCount, listening, make, makeButton, onResize, writeIn,
} from "./elements.js"
import { walkAlong } from "./keyboard.js"
import { drawSoon, mount } from "./mount.js"
import { decodePayload, decodeScales, takeImage } from "./payload.js"
import { imageCanvas } from "./scene.js"
import { getSettings, onSettings } from "./settings.js"
import { drawTile, fitTile } from "./tile.js"
import { extremesInShort } from "./value_text.js"

const TILE = 132 // CSS pixels that a tile needs
const TILE_GAP = 12

/** @param {Component} component */
export default (component) => mount(component, createGallery, receive)

/** @param {ShadowRoot} root @param {AbortSignal} signal */
function createGallery(root, signal) {
  /** @type {GalleryTile[]} */
  const tiles = []
  const gallery = /** @type {Gallery} */ ({ strip: find(root, ".gallery"), tiles, signal })
  onSettings((name) => name === gallery.name, () => schedule(gallery), signal)
  const on = listening(signal)
  on(gallery.strip, "keydown", (event) => walkAlong(event, childrenOf(gallery.strip)))
  on(gallery.strip, "click", (event) => choose(gallery, event))
  onResize(gallery.strip, () => schedule(gallery), signal)
  return gallery
}

/** @param {Gallery} gallery @param {Component} component */
function receive(gallery, { data, setTriggerValue }) {
  const payload = decodePayload(data)
  const { header, blob, floats } = payload
  const { image, selected, settings: name } = header
  const tiles = header.tiles.map((/** @type {GalleryTile} */ tile, /** @type {number} */ i) => {
    return { ...tile, map: { rows: tile.rows, cols: tile.cols, values: floats(`map${i}`) } }
  })
  const scales = decodeScales(header.scales, blob("scales"))
  Object.assign(gallery, { setTriggerValue, image, selected, name, tiles, scales, bitmap: null })
  gallery.strip.classList.toggle("fill", header.fill)
  showTiles(gallery)
  takeImage(gallery, payload, schedule, () => {
    for (const note of gallery.strip.querySelectorAll(".note")) note.textContent = "picture not readable"
  })
}

/** Buttons are kept from run to run, so that the focus stays where it was. @param {Gallery} view */
function showTiles({ strip, tiles, selected, image }) {
  keepCount(strip, tiles.length, newTile)
  childrenOf(strip).forEach((button, i) => showTile(button, tiles[i], tiles[i].name === selected, image))
}

function newTile() {
  const frame = make("span", "frame", make("canvas", "scene"), make("span", "note"))
  return makeButton("tile", frame, " ", make("span", "name"), " ", make("span", "grid"))
}

/** @param {HTMLElement} button @param {GalleryTile} tile @param {boolean} selected @param {Size} image */
function showTile(button, tile, selected, image) {
  const grid = `${tile.rows} \u00d7 ${tile.cols}`
  writeIn(button, ".name", tile.name)
  writeIn(button, ".grid", tile.message ? grid : `${grid} \u00b7 ${extremesInShort(tile)}`)
  writeIn(button, ".note", tile.message ?? "")
  button.title = tile.name
  find(button, ".frame").style.aspectRatio = `${image.width} / ${image.height}`
  button.setAttribute("aria-pressed", String(selected))
}

/** As many columns as fit, spread evenly over the rows. @param {number} width @param {number} count */
export function columnsFor(width, count) {
  const fit = Math.max(1, Math.floor((width + TILE_GAP) / (TILE + TILE_GAP)))
  return Math.ceil(count / Math.ceil(count / fit))
}

/** @param {Gallery} gallery */
function schedule(gallery) {
  const { strip } = gallery
  strip.style.setProperty("--columns", String(columnsFor(strip.clientWidth, gallery.tiles.length || 1)))
  drawSoon(gallery, drawTiles)
}

/** @param {Gallery} gallery */
function drawTiles(gallery) {
  if (gallery.bitmap) gallery.tiles.forEach((tile, i) => draw(gallery, tile, gallery.strip.children[i]))
}

/** @param {Gallery} view @param {Tile} tile @param {Element} button */
function draw({ image, bitmap, name, scales }, tile, button) {
  const canvas = find(button, ".scene")
  const size = fitTile(canvas, image)
  if (!size || !bitmap) return
  const base = imageCanvas(bitmap, image, size)
  drawTile(canvas, { base, image, tile, settings: getSettings(name), scales })
}

/** The tile is marked at once; the next run of the server confirms it. @param {Gallery} gallery @param {Event} event */
function choose(gallery, event) {
  const button = around(event, "button")
  if (!button) return
  const buttons = [...gallery.strip.children]
  for (const other of buttons) other.setAttribute("aria-pressed", String(other === button))
  gallery.setTriggerValue("choose", gallery.tiles[buttons.indexOf(button)].name)
}
