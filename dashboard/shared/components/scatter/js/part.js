// Carries one part into the store, and out of it when it leaves the page.

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
