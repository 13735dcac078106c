// A view of one picture, which comes with its map.

export default (component) => mount(component, createView, receive)

function receive(view, { data, setTriggerValue }) {
  const payload = decodePayload(data)
  take(view, payload, setTriggerValue)
  decode(view, payload.header.picture.digest, () => payload.blob("picture"))
}

async function decode(view, digest, bytes) {
  try {
    const bitmap = await decodedPicture(digest, bytes)
    if (view.picture.digest !== digest) return
    view.bitmap = bitmap
    schedule(view)
  } catch {
    showBanner(view, "The browser cannot decode this picture.")
  }
}
