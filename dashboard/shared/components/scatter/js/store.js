// What Python sent for each map of the page, part by part. It lies on the window, as each component is a module of its
// own: an invisible component brings a part, the map takes it.

import { actOn, onMessage, tellPage } from "../../viewer/js/link.js"

/** @type {Map<string, Map<string, Payload>>} */
const STORE = (window.sightlineScatter ??= new Map())
const PART_EVENT = "sightline:scatter"

/** @param {string} map */
export function partsOf(map) {
  const parts = STORE.get(map) ?? new Map()
  STORE.set(map, parts)
  return parts
}

/** @param {string} map @param {object} message */
export function tell(map, message) {
  tellPage(PART_EVENT, { map, ...message })
}

/**
 * act: name of a message -> what to do with its content.
 * @param {() => string} map @param {import("../../viewer/js/link.js").Acts} acts @param {AbortSignal} signal
 */
export function onTold(map, acts, signal) {
  onMessage(PART_EVENT, (message) => message.map === map() && actOn(message, acts), signal)
}
