// The controls on their own: they write the settings that the viewers of their name draw with.

import { listenToControls, listenToHold, listScales, showSettings } from "./controls.js"
import { elementsByClass, find } from "./elements.js"
import { announce } from "./link.js"
import { mount } from "./mount.js"
import { decodePayload, decodeScales } from "./payload.js"
import { changeSettings, chosenScale, getSettings, onSettings } from "./settings.js"

/** @param {Component} component */
export default (component) => mount(component, createStrip, receive)

/** @param {ShadowRoot} root @param {AbortSignal} signal */
function createStrip(root, signal) {
  const view = /** @type {Strip} */ ({ root, signal, el: elementsByClass(root) })
  view.settings = () => getSettings(view.name)
  view.kind = () => view.kindOfScale
  view.scaleName = () => chosenScale(view.settings(), view.kind(), view.scales)
  view.change = (settings) => changeSettings(view.name, settings)
  view.isActive = () => root.activeElement !== null
  view.hide = (hidden) => {
    view.el.hold.classList.toggle("held", hidden)
    announce(view, { hidden })
  }
  listenToControls(view, signal)
  listenToHold(view, signal)
  onSettings((name) => name === view.name, () => showSettings(view), signal)
  return view
}

/** @param {Strip} view @param {Component} component */
function receive(view, { data, parentElement: root }) {
  const { header, blob } = decodePayload(data)
  const { settings: name, kind: kindOfScale, link } = header
  Object.assign(view, { name, kindOfScale, link, scales: decodeScales(header.scales, blob("scales")) })
  find(root, ".actions").hidden = !link
  listScales(view.el.scales, Object.keys(view.scales))
  showSettings(view)
}
