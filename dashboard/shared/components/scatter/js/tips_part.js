// Asks the server about points, on behalf of the map, and hands the answers over.

import { mount } from "../../viewer/js/mount.js"
import { decodePayload } from "../../viewer/js/payload.js"
import { onTold, tell } from "./store.js"

/** @typedef {{ map: string, setTriggerValue: Tell }} Asking */

/** @param {Component} component */
export default (component) => mount(component, createAsking, answer)

/** @param {ShadowRoot} _ @param {AbortSignal} signal */
function createAsking(_, signal) {
  const asking = /** @type {Asking} */ ({})
  onTold(() => asking.map, { ask: (indices) => asking.setTriggerValue("ask", indices) }, signal)
  return asking
}

/** @param {Asking} asking @param {Component} component */
function answer(asking, { data, setTriggerValue }) {
  const { header: { map, version, tips, blobs }, blob } = decodePayload(data)
  Object.assign(asking, { map, setTriggerValue })
  const url = (/** @type {number} */ index) => URL.createObjectURL(new Blob([blob(index)]))
  const answers = tips.map((/** @type {[number, string, string[]]} */ [index, title, lines]) => {
    return { index, title, lines, image: index in blobs ? url(index) : null }
  })
  tell(map, { answered: { version, answers } })
}
