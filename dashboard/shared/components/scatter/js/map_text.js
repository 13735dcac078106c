// The map in words.

import { formatNumber } from "../../viewer/js/value_text.js"

/** @param {number} number @param {string} noun */
export function counted(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`
}

/** @param {Scatter} view @param {number} index */
export function colourInWords(view, index) {
  const { label, entries, ends } = view.legend
  const code = view.codes[index]
  const entry = entries.find(([other]) => other === code)
  if (entry) return `${label}: ${entry[1]}`
  return ends ? `${label}: about ${formatNumber(ends[0] + ((ends[1] - ends[0]) * code) / 254)}` : label
}

/** @param {Scatter} view @param {number} index @returns {string} */
export function pointInWords(view, index) {
  const known = view.tips.get(index)
  return [known?.title ?? `Point ${index + 1}`, colourInWords(view, index), ...(known?.lines ?? [])].join(", ")
}

/** @param {Pick<Scatter, "hidden" | "legend">} view */
export function hiddenInWords({ hidden, legend }) {
  if (!hidden.size) return "All classes are shown."
  const names = legend.entries.filter(([code]) => hidden.has(code)).map(([, name]) => name)
  return `Hidden: ${names.join(", ")}.`
}

/** @param {Scatter} view */
export function showWords(view) {
  const { el, legend, name, description } = view
  const shown = legend.entries.slice(0, 30).map(([, entry, number]) => `${entry} ${number.toLocaleString("en")}`)
  const rest = legend.entries.length - shown.length
  const classes = legend.ends
    ? `${legend.label} runs from ${formatNumber(legend.ends[0])} to ${formatNumber(legend.ends[1])}.`
    : `${legend.label}: ${shown.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}.`
  const selected = view.selectedCount ? ` ${counted(view.selectedCount, "point")} selected.` : ""
  const hidden = view.hidden.size ? ` ${hiddenInWords(view)}` : ""
  el.words.textContent = `${description} ${counted(view.count, "point")}. ${classes}${selected}${hidden}`.trim()
  el.stage.setAttribute("aria-label", `${name}: ${counted(view.count, "point")} coloured by ${legend.label}`)
  el.number.textContent = counted(view.count, "point")
  const marked = [
    view.selectedCount ? `${view.selectedCount.toLocaleString("en")} selected` : "",
    view.highlightedCount ? `${view.highlightedCount.toLocaleString("en")} found` : "",
  ].filter(Boolean)
  el.selection.textContent = marked.join(" \u00b7 ")
  el.clear.hidden = !view.selectedCount || !view.can.select
}
