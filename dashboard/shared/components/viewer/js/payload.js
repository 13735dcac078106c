// Reads the payload of payload.py: uint32 n, n bytes of JSON, blobs.

function decodePayload(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true)
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)))
  // slice, not subarray: the bytes belong to the socket's message and are not aligned for floats.
  const blob = (name) => {
    const [offset, size] = header.blobs[name]
    return bytes.slice(4 + length + offset, 4 + length + offset + size)
  }
  return { header, blob, floats: (name) => new Float32Array(blob(name).buffer) }
}

// Decoded pictures by digest: a new map over the same picture decodes nothing.
const BITMAPS = new Map()
const KEPT_BITMAPS = 4

function decodedPicture(digest, bytes) {
  const known = BITMAPS.get(digest)
  BITMAPS.delete(digest)
  BITMAPS.set(digest, known ?? createImageBitmap(new Blob([bytes()])))
  if (BITMAPS.size > KEPT_BITMAPS) BITMAPS.delete(BITMAPS.keys().next().value)
  return BITMAPS.get(digest)
}

// The colour scales as {name: Uint8Array(768)}, RGB.
function decodeScales(header, bytes) {
  return Object.fromEntries(header.names.map((name, i) => [name, bytes.subarray(768 * i, 768 * (i + 1))]))
}
