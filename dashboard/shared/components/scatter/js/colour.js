// The colour of a code, and of CSS.

/** @param {Uint8Array} table @param {number} code */
export function rgbAt(table, code) {
  return [...table.subarray(3 * code, 3 * code + 3)]
}

/** @param {Scatter} view @param {number} code */
export function colourOf(view, code) {
  return rgbAt(view.table, code)
}

/** @param {number[]} view @param {number} [alpha] */
export function css([red, green, blue], alpha = 1) {
  return `rgb(${red} ${green} ${blue} / ${alpha})`
}
