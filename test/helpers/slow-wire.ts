// A TCP relay in front of a camera that can limit its bandwidth. Excess data waits, as in the buffers of a network.

import net from 'node:net'

const TICK_MS = 10

export class SlowWire {
  /** Bytes per second from the camera; Infinity for no limit. */
  limit = Infinity
  /** Bytes received from the camera so far. */
  bytes = 0
  readonly #server: net.Server
  readonly #sockets = new Set<net.Socket>()
  readonly #waiting = new Map<net.Socket, Buffer[]>()
  readonly #timer: NodeJS.Timeout
  #lastTickMs = performance.now()
  #credit = 0

  private constructor(cameraPort: number) {
    this.#server = net.createServer((reader) => {
      const camera = net.connect(cameraPort, '127.0.0.1')
      for (const [socket, other] of [
        [reader, camera],
        [camera, reader],
      ] as const) {
        this.#sockets.add(socket)
        socket.setNoDelay(true)
        socket.on('error', () => undefined)
        socket.on('close', () => {
          this.#sockets.delete(socket)
          this.#waiting.delete(socket)
          other.destroy()
        })
      }
      reader.on('data', (data: Buffer) => camera.write(data))
      this.#waiting.set(reader, [])
      camera.on('data', (data: Buffer) => {
        this.bytes += data.length
        this.#waiting.get(reader)?.push(data)
        this.#pass()
      })
    })
    this.#timer = setInterval(() => this.#pass(), TICK_MS)
  }

  static async start(cameraPort: number): Promise<SlowWire> {
    const wire = new SlowWire(cameraPort)
    await new Promise<void>((resolve) => wire.#server.listen(0, '127.0.0.1', resolve))
    return wire
  }

  /** The camera's address through this relay. */
  through(url: string): string {
    return url.replace(/:\d+\//, `:${(this.#server.address() as net.AddressInfo).port}/`)
  }

  get waitingBytes(): number {
    return [...this.#waiting.values()].flat().reduce((sum, data) => sum + data.length, 0)
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #pass(): void {
    const now = performance.now()
    const earned = this.limit === Infinity ? Infinity : (this.limit * (now - this.#lastTickMs)) / 1000
    this.#credit = Math.min(this.#credit + earned, this.limit / 10)
    this.#lastTickMs = now
    for (const [reader, waiting] of this.#waiting) {
      while (waiting.length > 0 && this.#credit > 0) {
        const data = waiting.shift()!
        this.#credit -= data.length
        reader.write(data)
      }
    }
  }
}
