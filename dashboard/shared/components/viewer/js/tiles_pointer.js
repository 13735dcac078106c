// Pointing at a cell of a tile: its value, and an outline around it.

function listenToPointer(view, signal) {
  const on = (type, act) => view.el.grid.addEventListener(type, act, { signal })
  const point = (event) => readCell(view, cellOfEvent(view, event))
  on("pointermove", point)
  on("pointerdown", point)
  on("pointerleave", (event) => event.pointerType !== "touch" && readCell(view, null))
  on("click", (event) => choose(view, indexOfEvent(view, event)))
}

function indexOfEvent({ el, first }, event) {
  const button = event.target.closest("button")
  return button && first + [...el.grid.children].indexOf(button)
}

// {index, row, col}, or null beside the canvases.
function cellOfEvent(view, event) {
  const canvas = event.target.closest("canvas")
  if (!canvas) return null
  const frame = canvas.getBoundingClientRect()
  const along = (offset, length, n) => hold(Math.floor((offset / length) * n), n)
  return {
    index: indexOfEvent(view, event),
    row: along(event.clientY - frame.top, frame.height, view.rows),
    col: along(event.clientX - frame.left, frame.width, view.cols),
  }
}

function readCell(view, cell) {
  view.cell = cell
  view.el.value.textContent = cell ? valueInWords(view, cell) : ""
  view.el.place.textContent = cell ? cellInWords(view, cell) : ""
  showSpot(view)
}

function valueInWords({ rows, cols, content, values }, { index, row, col }) {
  const at = (index * rows + row) * cols + col
  return content === "rgb" ? `RGB ${values.subarray(3 * at, 3 * at + 3).join(", ")}` : formatNumber(values[at])
}

function cellInWords({ titles, rows, cols }, { index, row, col }) {
  return `${titles[index].split("\n")[0]} \u00b7 row ${row + 1} of ${rows}, column ${col + 1} of ${cols}`
}

function showSpot({ el, spot, cell, first, rows, cols }) {
  const button = cell && el.grid.children[cell.index - first]
  if (!button) return spot.remove()
  const part = (length, n) => `${(100 * length) / n}%`
  Object.assign(spot.style, {
    left: part(cell.col, cols), top: part(cell.row, rows), width: part(1, cols), height: part(1, rows),
  })
  button.firstElementChild.append(spot)
}

// The tile is marked at once; the next run of the server confirms it.
function choose(view, index) {
  if (index === null || !view.choosable) return
  view.selected = index
  showTiles(view)
  view.setTriggerValue("choose", index)
}
