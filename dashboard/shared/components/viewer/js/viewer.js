// A view of one picture, which comes with its map.

import { mount } from "./mount.js"
import { decodePayload, takeImage } from "./payload.js"
import { schedule } from "./stage.js"
import { createView, showBanner, take } from "./view.js"

/** @param {Component} component */
export default (component) => mount(component, createView, receive)

/** @param {Viewer} view @param {Component} component */
function receive(view, { data, setTriggerValue }) {
  const payload = decodePayload(data)
  take(view, payload, setTriggerValue)
  takeImage(view, payload, schedule, () => showBanner(view, "The browser cannot decode this picture."))
}
