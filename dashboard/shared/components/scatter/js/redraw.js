// When to draw: at most once a frame. What is drawn is the view's own: drawPoints, and drawOver for what lies above.

/** @param {Scatter} view */
export function redraw(view) {
  view.next = 0
  view.el.stage.dataset.drawn = ""
  awake(view)
}

/** @param {Scatter} view */
export function awake(view) {
  view.frame ??= requestAnimationFrame(() => {
    view.frame = null
    if (!view.signal.aborted && view.gpu && view.steps && view.room.width) view.drawPoints(view)
  })
}

/** @param {Scatter} view */
export function drawOverSoon(view) {
  view.overFrame ??= requestAnimationFrame(() => {
    view.overFrame = null
    if (!view.signal.aborted && view.steps) view.drawOver(view)
  })
}
