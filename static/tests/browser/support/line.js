// A network line between browser and server that a test can cut.
import { connect, createServer } from 'node:net'

/** Forwards a free loopback port to `targetPort`. `cut` ends every connection and refuses new ones until `mend`. */
export async function openLine(targetPort) {
  const sockets = new Set()
  let isCut = false

  const server = createServer((near) => {
    if (isCut) return near.destroy()
    const far = connect(targetPort, '127.0.0.1')
    for (const [socket, other] of [[near, far], [far, near]]) {
      sockets.add(socket)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
      socket.pipe(other)
    }
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))

  function endAll() {
    for (const socket of sockets) socket.destroy()
  }

  return {
    port: server.address().port,
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
