// What is drawn over the points: lines to the neighbours, rings, the lasso, the cross of the keyboard.

function drawOverSoon(view) {
  view.overFrame ??= requestAnimationFrame(() => {
    view.overFrame = null
    if (!view.signal.aborted && view.steps) drawOver(view)
  })
}

function drawOver(view) {
  const { over } = view.el
  const ratio = pixelRatio()
  const [width, height] = [view.room.width, view.room.height].map((side) => Math.round(side * ratio))
  if (over.width !== width || over.height !== height) Object.assign(over, { width, height })
  const context = over.getContext("2d")
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  context.clearRect(0, 0, view.room.width, view.room.height)
  drawPictures(view, context)
  if (view.here) drawHere(view, context)
  if (view.chosen !== null) ring(view, context, pointOnScreen(view, view.chosen), pointSize(view) / 2 + 5, 2.5)
  if (view.hovered !== null) ring(view, context, pointOnScreen(view, view.hovered), pointSize(view) / 2 + 3, 2)
  if (view.cross) drawCross(view, context)
  drawLasso(view, context)
  placePosts(view)
}

function css([red, green, blue], alpha = 1) {
  return `rgb(${red} ${green} ${blue} / ${alpha})`
}

// Twice, so that it shows on points of any colour.
function stroke(view, context, width, colour = css(view.ink)) {
  context.lineWidth = width + 2
  context.strokeStyle = css(view.paper, 0.9)
  context.stroke()
  context.lineWidth = width
  context.strokeStyle = colour
  context.stroke()
}

function ring(view, context, [left, top], radius, width) {
  context.beginPath()
  context.arc(left, top, radius, 0, 2 * Math.PI)
  stroke(view, context, width)
}

function drawHere(view, context) {
  const [left, top] = herePlace(view)
  for (const index of view.here.neighbours) {
    if (index >= view.count) continue
    const end = pointOnScreen(view, index)
    context.beginPath()
    context.moveTo(left, top)
    context.lineTo(...end)
    stroke(view, context, 1.75, view.accent)
    ring(view, context, end, pointSize(view) / 2 + 2, 1.5)
  }
  context.beginPath()
  context.arc(left, top, 7, 0, 2 * Math.PI)
  context.fillStyle = view.accent
  context.fill()
  stroke(view, context, 2)
}

function herePlace(view) {
  return toScreen(view, ...unitOf(view, view.here.x, view.here.y))
}

function drawCross(view, context) {
  const [left, top] = [view.room.width / 2, view.room.height / 2]
  context.beginPath()
  for (const [across, along] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
    context.moveTo(left + 5 * across, top + 5 * along)
    context.lineTo(left + 14 * across, top + 14 * along)
  }
  stroke(view, context, 1.5)
}

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
