// Numbers kept within bounds.

export function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value))
}

export function hold(index, n) {
  return clamp(index, 0, n - 1)
}
