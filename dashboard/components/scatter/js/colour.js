// The colour of a code, and of CSS.

export function rgbAt(table, code) {
  return [...table.subarray(3 * code, 3 * code + 3)]
}

export function colourOf(view, code) {
  return rgbAt(view.table, code)
}

export function css([red, green, blue], alpha = 1) {
  return `rgb(${red} ${green} ${blue} / ${alpha})`
}
