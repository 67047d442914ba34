// A network line between browser and server that a test can cut, or on which it holds back one answer or the end of one request.
import { connect, createServer } from 'node:net'

/** A promise and what makes it come true. */
function promise() {
  let resolve
  const made = new Promise((done) => (resolve = done))
  return [made, resolve]
}

/**
 * Forwards a free loopback port to `targetPort`. `cut` ends every connection and refuses new ones until `mend`. `holdAnswer` and `holdEnd` hold back
 * the answer or the last bytes of the next request with a file or form to `path`; they return `held`, which comes true when there is
 * something to hold back, and `release`.
 */
export async function openLine(targetPort) {
  const sockets = new Set()
  let isCut = false
  let holding = null

  const server = createServer((near) => {
    if (isCut) return near.destroy()
    const far = connect(targetPort, '127.0.0.1')
    let hold = null
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ]) {
      sockets.add(socket)
      socket.on('error', () => (hold?.keepsFar ? undefined : other.destroy()))
      socket.on('close', () => {
        sockets.delete(socket)
        // What is held back is still on its way although its sender has left.
        if (!(hold?.keepsFar && socket === near)) other.destroy()
      })
    }
    near.on('data', (piece) => {
      const isWanted =
        holding !== null &&
        piece.toString('latin1').startsWith(`POST ${holding.path} `) &&
        /content-type: multipart/i.test(piece.toString('latin1'))
      if (isWanted) [hold, holding] = [holding, null]
      if (hold?.takePiece) hold.takePiece(piece, far)
      else far.write(piece)
    })
    far.on('data', (piece) => {
      if (hold?.takeAnswer) hold.takeAnswer(piece, near)
      else near.write(piece)
    })
    near.on('end', () => (hold?.keepsFar ? undefined : far.end()))
    far.on('end', () => near.end())
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))

  function endAll() {
    for (const socket of sockets) socket.destroy()
  }

  /** The answer waits here until it is released. */
  function holdAnswer(path) {
    const [held, resolve] = promise()
    const waiting = []
    holding = {
      path,
      takeAnswer(piece, near) {
        waiting.push(() => near.destroyed || near.write(piece))
        resolve(piece.toString('latin1').split('\r\n')[0])
      },
    }
    const hold = holding
    return {
      held,
      release: () => {
        hold.takeAnswer = null
        waiting.forEach((write) => write())
      },
    }
  }

  /** The last bytes of the request wait here until they are released, even when the sender leaves; `release` returns the server's first line. */
  function holdEnd(path) {
    const [held, resolve] = promise()
    const [answered, answer] = promise()
    let [all, sent, target] = [Buffer.alloc(0), 0, null]
    holding = {
      path,
      keepsFar: true,
      takePiece(piece, far) {
        all = Buffer.concat([all, piece])
        target = far
        const head = all.indexOf('\r\n\r\n') + 4
        const length = head + Number(/content-length: (\d+)/i.exec(all.subarray(0, head).toString('latin1'))?.[1])
        const upTo = Math.min(all.length, length - 40)
        far.write(all.subarray(sent, upTo))
        sent = Math.max(sent, upTo)
        if (all.length >= length) resolve()
      },
      takeAnswer: (piece) => answer(piece.toString('latin1')),
    }
    return {
      held,
      release: () => {
        target.write(all.subarray(sent))
        return answered
      },
    }
  }

  return {
    port: server.address().port,
    holdAnswer,
    holdEnd,
    cut() {
      isCut = true
      endAll()
    },
    mend() {
      isCut = false
    },
    async close() {
      endAll()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
