// The matrix as a table: headings, and a button a cell. Elements are kept from run to run, so that the focus and the
// scroll position stay and what has been drawn is not drawn again.

function showTable(view) {
  const { el, rows, columns, cells } = view
  if (!el.head.firstElementChild) el.head.append(make("tr", "", make("td", "corner")))
  const top = el.head.firstElementChild
  keepCount(top, columns.length + 1, () => heading("col"))
  columns.forEach((name, i) => setText(top.children[i + 1], name))
  keepCount(el.body, rows.length, () => make("tr", "", heading("row")))
  rows.forEach((name, row) => {
    const line = el.body.children[row]
    keepCount(line, columns.length + 1, () => make("td", "", newTile()))
    setText(line.firstElementChild, name)
    columns.forEach((_, col) => showCell(view, tileAt(view, row, col), row, col))
  })
  el.table.setAttribute("aria-busy", String(cells.includes(null)))
}

function keepCount(parent, count, create) {
  while (parent.children.length > count) parent.lastElementChild.remove()
  while (parent.children.length < count) parent.append(create())
}

function heading(scope) {
  return Object.assign(make("th", ""), { scope })
}

// A heading's first line is its name; what follows is a detail.
function setText(element, text) {
  if (element.dataset.text === text) return
  element.dataset.text = text
  const [name, ...details] = text.split("\n")
  element.replaceChildren(make("span", "name", name), ...details.map((detail) => make("span", "detail", detail)))
}

function newTile() {
  const frame = make("span", "frame", make("canvas", "scene"), make("span", "note"))
  return Object.assign(make("button", "tile", frame, make("span", "grid")), { type: "button", tabIndex: -1 })
}

function tileAt({ el }, row, col) {
  return el.body.children[row].children[col + 1].firstElementChild
}

function cellAt({ cells, columns }, row, col) {
  return cells[row * columns.length + col]
}

function showCell(view, button, row, col) {
  const cell = cellAt(view, row, col)
  const state = cell === null ? "pending" : cell.reason ? "reason" : "map"
  if (button.dataset.state !== state) button.dataset.state = state
  if (state !== "map") delete button.querySelector(".scene").dataset.drawn
  const write = (selector, text) => { button.querySelector(selector).textContent = text }
  write(".note", cell?.reason ?? cell?.message ?? "")
  write(".grid", state === "map" && !cell.message ? extremesInShort(cell) : "")
  button.setAttribute("aria-label", cellInWords(view, row, col))
  button.setAttribute("aria-disabled", String(state !== "map" || !view.choosable))
  if (view.choosable) button.setAttribute("aria-pressed", String(isSelected(view, row, col)))
}

function isSelected({ selected }, row, col) {
  return selected !== null && selected[0] === row && selected[1] === col
}

function cellInWords(view, row, col) {
  const cell = cellAt(view, row, col)
  const name = [view.rows[row], view.columns[col]].map((text) => text.split("\n")[0]).join(", ")
  if (cell === null) return `${name}: being computed`
  if (cell.reason) return `${name}: not applicable. ${cell.reason}`
  return `${name}: ${cell.message ?? extremesInShort(cell)}`
}
