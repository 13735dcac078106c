// Reads the payload of payload.py: uint32 n, n bytes of JSON, blobs.

/** @param {Uint8Array<ArrayBuffer>} bytes @returns {Payload} */
export function decodePayload(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true)
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)))
  // slice, not subarray: the bytes belong to the socket's message and are not aligned for floats.
  /** @type {Payload["blob"]} */
  const blob = (name) => {
    const [offset, size] = header.blobs[name]
    return bytes.slice(4 + length + offset, 4 + length + offset + size)
  }
  return { header, blob, floats: (name) => new Float32Array(blob(name).buffer) }
}

// Decoded pictures by digest: a new map over the same picture decodes nothing.
/** @type {Map<string, Promise<ImageBitmap>>} */
const BITMAPS = new Map()
const KEPT_BITMAPS = 4

/** @param {string} digest @param {() => BlobPart} bytes */
function decodedImage(digest, bytes) {
  const bitmap = BITMAPS.get(digest) ?? createImageBitmap(new Blob([bytes()]))
  BITMAPS.delete(digest)
  BITMAPS.set(digest, bitmap)
  const [oldest] = BITMAPS.keys()
  if (BITMAPS.size > KEPT_BITMAPS) BITMAPS.delete(oldest)
  return bitmap
}

// The colour scales as {name: Uint8Array(768)}, RGB.
/** @param {{ names: string[] }} header @param {Uint8Array} bytes @returns {Scales} */
export function decodeScales(header, bytes) {
  return Object.fromEntries(header.names.map((name, i) => [name, bytes.subarray(768 * i, 768 * (i + 1))]))
}

/**
 * The picture comes onto the view once it is decoded, unless another has been sent since.
 * @template {WithImage} V @param {V} view @param {Payload} payload @param {(view: V) => void} redraw
 * @param {() => void} failed
 */
export async function takeImage(view, { header: { image }, blob }, redraw, failed) {
  try {
    const bitmap = await decodedImage(image.digest, () => blob("image"))
    if (view.image !== image) return
    view.bitmap = bitmap
    redraw(view)
  } catch {
    failed()
  }
}
