// The point under the pointer in words and as a picture. Pictures come from the server, a few at a time, and are kept.

import { make } from "../../viewer/js/elements.js"
import { scaleOf, unitAt } from "./camera.js"
import { colourOf, css } from "./colour.js"
import { visitBox } from "./grid.js"
import { colourInWords } from "./map_text.js"
import { drawOverSoon } from "./motion.js"
import { tell } from "./store.js"

const ASK_AFTER_MS = 45
const ASK_AGAIN_MS = 3000
export const KEPT_TIPS = 3000

/** @param {Scatter} view @param {number | null} index @param {number} [left] @param {number} [top] */
export function hover(view, index, left = 0, top = 0) {
  const changed = view.hovered !== index
  view.hovered = index
  if (changed) drawOverSoon(view)
  if (index === null) {
    view.el.tip.hidden = true
    return
  }
  if (changed) {
    showTip(view, index)
    wantTips(view, [index, ...pointsAround(view, index)])
  }
  placeTip(view, left, top)
}

/** What is likely to be pointed at next. @param {Scatter} view @param {number} index @returns {number[]} */
function pointsAround(view, index) {
  const [x, y] = unitAt(view, index)
  const away = 24 / scaleOf(view)
  /** @type {number[]} */
  const found = []
  visitBox(view, [x - away, y - away, x + away, y + away], (other) => found.push(other) < 12)
  return found
}

/** @param {Scatter} view @param {number} hovered */
function showTip(view, hovered) {
  const { el } = view
  const known = view.tips.get(hovered)
  el["tip-title"].textContent = known?.title ?? `Point ${(hovered + 1).toLocaleString("en")}`
  el["tip-colour"].textContent = colourInWords(view, hovered)
  el["tip-swatch"].style.background = css(colourOf(view, view.codes[hovered]))
  el["tip-lines"].replaceChildren(...(known?.lines ?? []).map((line) => make("span", "", line)))
  el["tip-image"].hidden = !known?.image
  el.tip.classList.toggle("waiting", view.can.tips && !known)
  if (known?.image) el["tip-image"].src = known.image
  el.tip.hidden = false
}

/** @param {Scatter} view @param {number} left @param {number} top */
function placeTip(view, left, top) {
  const { tip } = view.el
  const [width, height] = [tip.offsetWidth, tip.offsetHeight]
  const x = left + 18 + width > view.room.width ? left - 14 - width : left + 18
  const y = Math.min(Math.max(4, top - height / 2), view.room.height - height - 4)
  tip.style.transform = `translate(${Math.round(Math.max(4, x))}px, ${Math.round(y)}px)`
}

/** One question at a time; the newest wish waits for its turn. @param {Scatter} view @param {number[]} indices */
export function wantTips(view, indices) {
  if (!view.can.tips) return
  const missing = indices.filter((index) => !view.tips.has(index))
  view.wish = missing.length ? missing : null
  view.wishTimer ??= setTimeout(() => askTips(view), ASK_AFTER_MS)
}

/** @param {Scatter} view */
function askTips(view) {
  view.wishTimer = null
  if (!view.wish || view.signal.aborted) return
  const waits = view.requested && performance.now() - view.requested < ASK_AGAIN_MS
  if (waits) return
  view.requested = performance.now()
  tell(view.map, { ask: view.wish })
  view.wish = null
}

/** @param {Scatter} view @param {{ version: string, answers: (Tip & { index: number })[] }} told */
export function receiveTips(view, { version, answers }) {
  if (version !== view.tipsVersion) forgetTips(view)
  view.tipsVersion = version
  for (const { index, ...tip } of answers) view.tips.set(index, tip)
  for (const [index, { image }] of view.tips) {
    if (view.tips.size <= KEPT_TIPS) break
    if (image) URL.revokeObjectURL(image)
    view.tips.delete(index)
  }
  if (answers.length) view.requested = 0
  if (view.hovered !== null && !view.el.tip.hidden) showTip(view, view.hovered)
  if (view.wish) askTips(view)
  drawOverSoon(view)
}

/** @param {Scatter} view */
export function forgetTips(view) {
  for (const { image } of view.tips.values()) if (image) URL.revokeObjectURL(image)
  view.tips.clear()
  view.bitmaps?.clear()
}

/** @param {Scatter} view @param {boolean} shown */
export function showCross(view, shown) {
  if (view.cross === shown) return
  view.cross = shown
  if (!shown) hover(view, null)
  drawOverSoon(view)
}
