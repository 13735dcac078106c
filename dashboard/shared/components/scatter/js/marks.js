// What is drawn over the points: lines to the neighbours, rings, the lasso, the cross of the keyboard.

import { contextOf } from "../../viewer/js/elements.js"
import { fillRoom, pointOnScreen, pointSize, toScreen, unitOf } from "./camera.js"
import { css } from "./colour.js"
import { boxCorners } from "./lasso.js"
import { drawImages } from "./images.js"
import { placePosts } from "./posts.js"

/** @param {Scatter} view */
export function drawOver(view) {
  const { over } = view.el
  const ratio = fillRoom(view, over)
  const context = contextOf(over)
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  context.clearRect(0, 0, view.room.width, view.room.height)
  drawImages(view, context)
  if (view.current) drawCurrent(view, context, view.current)
  const around = (/** @type {number} */ gap) => pointSize(view) / 2 + gap
  const { chosen, hovered } = view
  if (chosen !== null) ring(view, context, pointOnScreen(view, chosen), { radius: around(5), width: 2.5 })
  if (hovered !== null) ring(view, context, pointOnScreen(view, hovered), { radius: around(3), width: 2 })
  if (view.cross) drawCross(view, context)
  drawLasso(view, context)
  placePosts(view)
}

// Twice, so that it shows on points of any colour.
/** @param {Scatter} view @param {Context2D} context @param {number} width @param {string} [colour] */
function stroke(view, context, width, colour = css(view.ink)) {
  context.lineWidth = width + 2
  context.strokeStyle = css(view.paper, 0.9)
  context.stroke()
  context.lineWidth = width
  context.strokeStyle = colour
  context.stroke()
}

/**
 * @param {Scatter} view @param {Context2D} context @param {Pair} place
 * @param {{ radius: number, width: number }} size
 */
function ring(view, context, [left, top], { radius, width }) {
  context.beginPath()
  context.arc(left, top, radius, 0, 2 * Math.PI)
  stroke(view, context, width)
}

/** @param {Scatter} view @param {Context2D} context @param {NonNullable<Scatter["current"]>} current */
function drawCurrent(view, context, current) {
  const [left, top] = toScreen(view, ...unitOf(view, current.x, current.y))
  for (const index of current.neighbours) {
    if (index >= view.count) continue
    const end = pointOnScreen(view, index)
    context.beginPath()
    context.moveTo(left, top)
    context.lineTo(...end)
    stroke(view, context, 1.75, view.accent)
    ring(view, context, end, { radius: pointSize(view) / 2 + 2, width: 1.5 })
  }
  context.beginPath()
  context.arc(left, top, 7, 0, 2 * Math.PI)
  context.fillStyle = view.accent
  context.fill()
  stroke(view, context, 2)
}

/** @param {Scatter} view @param {Context2D} context */
function drawCross(view, context) {
  const [left, top] = [view.room.width / 2, view.room.height / 2]
  context.beginPath()
  for (const [across, along] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
    context.moveTo(left + 5 * across, top + 5 * along)
    context.lineTo(left + 14 * across, top + 14 * along)
  }
  stroke(view, context, 1.5)
}

/** @param {Scatter} view @param {Context2D} context */
function drawLasso(view, context) {
  const { lasso } = view
  if (!lasso || lasso.path.length < 2) return
  const corners = lasso.kind === "box" ? boxCorners(lasso.path) : lasso.path
  context.beginPath()
  corners.forEach(([left, top], i) => (i ? context.lineTo(left, top) : context.moveTo(left, top)))
  context.closePath()
  context.fillStyle = view.accent
  context.globalAlpha = 0.12
  context.fill("evenodd")
  context.globalAlpha = 1
  context.setLineDash([6, 4])
  stroke(view, context, 1.5)
  context.setLineDash([])
}
