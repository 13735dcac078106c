// Carries one part into the store, and out of it when it leaves the page.

import { decodePayload } from "../../viewer/js/payload.js"
import { partsOf, tell } from "./store.js"

/** @param {Component} component */
export default function ({ data }) {
  const part = decodePayload(data)
  const { map, part: name, digest } = part.header
  const parts = partsOf(map)
  const known = parts.get(name)?.header.digest === digest
  parts.set(name, part)
  if (!known) tell(map, { part: name })
  // A later run of the server has put its own part there.
  return () => parts.get(name) === part && parts.delete(name)
}
