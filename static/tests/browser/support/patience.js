// Waiting for conditions, never for time to pass.

/** How long a test waits for a condition; generous, because the machine may be busy. */
export const patienceMs = 30_000
const pollMs = 40

/** Waits until `read` returns something that is not false, null or undefined, and returns it. Fails naming `what` and the last answer or error. */
export async function until(what, read) {
  const deadline = Date.now() + patienceMs
  for (;;) {
    let last
    try {
      last = await read()
      if (last !== false && last !== null && last !== undefined) return last
    } catch (error) {
      last = error
    }
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what} (last: ${String(last)})`)
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}

/** Waits until `read` returns `expected`. */
export function untilEqual(what, expected, read) {
  let last
  return until(`${what} to be ${JSON.stringify(expected)}`, async () => (last = await read()) === expected).catch((error) => {
    throw new Error(`${error.message}; read ${JSON.stringify(last)}`)
  })
}
