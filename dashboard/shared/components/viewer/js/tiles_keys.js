// Keys: arrows go from tile to tile and on to the next page, with Shift from cell to cell; the tiles are one tab stop.

function listenToKeys(view, signal) {
  const on = (element, type, act) => element.addEventListener(type, act, { signal })
  on(view.el.grid, "keydown", (event) => press(view, event))
  on(view.el.grid, "focusin", (event) => setStop(view, indexOfEvent(view, event)))
  on(view.el.grid, "focusout", () => readCell(view, null))
  on(view.el.previous, "click", () => turnTo(view, view.first - pageSize(view.layout)))
  on(view.el.next, "click", () => turnTo(view, view.first + pageSize(view.layout)))
}

function setStop(view, index) {
  view.stop = index
  ;[...view.el.grid.children].forEach((button, i) => { button.tabIndex = view.first + i === index ? 0 : -1 })
}

function press(view, event) {
  const index = indexOfEvent(view, event)
  const { count } = view.layout
  const arrow = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key]
  const leap = { Home: -Infinity, End: Infinity, PageUp: -pageSize(view.layout), PageDown: pageSize(view.layout) }
  if (index === null || !(arrow || event.key in leap) || event.ctrlKey || event.metaKey || event.altKey) return
  event.preventDefault()
  if (arrow && event.shiftKey) return moveCell(view, index, arrow)
  focusTile(view, index + (arrow ? arrow[0] * count + arrow[1] : leap[event.key]))
}

function focusTile(view, index) {
  const next = hold(index, view.titles.length)
  turnTo(view, next)
  setStop(view, next)
  view.el.grid.children[next - view.first].focus()
}

function moveCell(view, index, [down, right]) {
  const at = view.cell?.index === index ? view.cell : { row: -down, col: -right }
  const cell = { index, row: hold(at.row + down, view.rows), col: hold(at.col + right, view.cols) }
  readCell(view, cell)
  view.el.live.textContent = `${valueInWords(view, cell)} \u00b7 ${cellInWords(view, cell)}`
}
