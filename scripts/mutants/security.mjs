// Faults that a hostile client, page or camera would use: the critical and high findings of bench/results/security.md.

/** @type {import('./list.mjs').Mutant[]} */
export const security = [
  {
    id: 'write-after-end',
    why: 'S1: a reader that leaves after its stream has ended must not end the process.',
    file: 'src/http/newest-frames-response.ts',
    text: `    response.on('error', () => this.#close())
  }

  /** Ends the response after what has been written; a reader that does not take that is disconnected. */
  end(): void {
    if (this.#closed) return
    this.#close()
`,
    fault: `  }

  /** Ends the response after what has been written; a reader that does not take that is disconnected. */
  end(): void {
    if (this.#closed) return
`,
    tests: ['test/unit/newest-frames-response.test.ts'],
  },
  {
    id: 'stream-left-behind',
    why: 'S2: a stream whose connection has ended keeps no reader, and so no decoder.',
    file: 'src/http/frame-stream.ts',
    text: `  response.once('close', over)
  socket.once('close', over)
`,
    fault: '',
    tests: ['test/integration/hostile-http.test.ts::the 257th reader'],
  },
  {
    id: 'foreign-origin',
    why: 'S3: a page of another origin must not use the gateway.',
    file: 'src/http/browser-guard.ts',
    text: 'if (page !== null && !listed && !links)',
    fault: 'if (page !== null && listed && !links)',
    tests: ['test/integration/web-pages.test.ts::a page of another origin'],
  },
  {
    id: 'rebound-name',
    why: 'S3: a name that was rebound to the gateway must not reach it.',
    file: 'src/http/browser-guard.ts',
    text: 'if (!hostAllowed(ctx.host, settings))',
    fault: "if (!hostAllowed(ctx.host, settings) && ctx.host === '')",
    tests: ['test/integration/web-pages.test.ts::rebound'],
  },
  {
    id: 'mediamtx-on-all-interfaces',
    why: "S4: MediaMTX's ports listen on loopback unless HTTP_HOST is another address.",
    file: 'src/mediamtx/addresses.ts',
    text: "return address.startsWith(':')\n",
    fault: "return address.startsWith('*')\n",
    tests: ['test/unit/mediamtx-addresses.test.ts'],
  },
  {
    id: 'old-frame-as-newest',
    why: 'S5: a reader that joins after the camera has gone gets no old frame.',
    file: 'src/frames/frame-hub.ts',
    text: 'return performance.now() <= newest.currentUntilMs ||',
    fault: 'return performance.now() >= 0 ||',
    tests: ['test/unit/wire-and-topics.test.ts::a frame is current'],
  },
  {
    id: 'frame-of-an-ended-rendition',
    why: 'S5: the last frame of a rendition that has ended is not kept for a later reader.',
    file: 'src/cameras/frame-output.ts',
    text: 'if (!encoded.has(id)) this.frames.forget(id)',
    fault: 'if (encoded.size < 0) this.frames.forget(id)',
    tests: ['test/unit/wire-and-topics.test.ts::of a rendition that has ended'],
  },
  {
    id: 'frame-of-a-camera-that-has-gone',
    why: 'S5: the last frame of a camera that is not live is not kept for a later reader.',
    file: 'src/cameras/frame-output.ts',
    text: 'this.#renditions) this.frames.forget(id)',
    fault: 'this.#renditions.slice(0, 0)) this.frames.forget(id)',
    tests: ['test/unit/wire-and-topics.test.ts::of a rendition that has ended'],
  },
  {
    id: 'zmq-message-size',
    why: 'S6: a ZeroMQ client cannot make the gateway store messages of any size.',
    file: 'src/publish/frame-publisher.ts',
    text: 'maxMessageSize: 512',
    fault: 'maxMessageSize: -1',
    tests: ['test/unit/frame-publisher.test.ts::longer than any subscription'],
  },
  {
    id: 'zmq-prefixes',
    why: 'S7: a client with thousands of prefixes keeps no later subscriber out, and no memory.',
    file: 'src/publish/frame-publisher.ts',
    text: 'if (this.#prefixes.full) await this.#startOver()',
    fault: 'if (this.#closed) await this.#startOver()',
    tests: ['test/unit/frame-publisher.test.ts::too many prefixes'],
  },
  {
    id: 'camera-limit',
    why: 'S8: the number of cameras has a limit.',
    file: 'src/cameras/start-rules.ts',
    text: 'if (running < maxCameras) return',
    fault: 'if (running < maxCameras + 1000) return',
    tests: ['test/unit/camera-registry.test.ts::until another one is stopped'],
  },
  {
    id: 'session-headroom',
    why: 'S8: no session begins without the descriptors and threads that it needs; GLib would end the process.',
    file: 'src/cameras/capacity.ts',
    text: 'headroom(SESSION.descriptors, SESSION.threads)',
    fault: 'headroom(SESSION.descriptors * 0, SESSION.threads * 0)',
    tests: ['test/unit/capacity.test.ts::in reserve'],
  },
]
