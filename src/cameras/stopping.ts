// Cameras that are being stopped or replaced: their names and addresses are taken until that is over.

interface Stopping {
  names: string[]
  /** Addresses without credentials: of the cameras and of their replacements. */
  keys: string[]
  over: Promise<unknown>
}

export class StoppingCameras {
  readonly #list = new Set<Stopping>()

  /** @param over may reject. */
  add(names: string[], keys: string[], over: Promise<unknown>): void {
    const stopping = { names, keys, over: over.then(quiet, quiet) }
    this.#list.add(stopping)
    void stopping.over.then(() => this.#list.delete(stopping))
  }

  hasName(name: string): boolean {
    return [...this.#list].some(({ names }) => names.includes(name))
  }

  /** Waits only for those that have this name or this address. */
  async untilFree(name: string, key: string | null): Promise<void> {
    const holder = () =>
      [...this.#list].find(({ names, keys }) => names.includes(name) || (key !== null && keys.includes(key)))
    for (let held = holder(); held; held = holder()) await held.over
  }

  async all(): Promise<void> {
    await Promise.all([...this.#list].map(({ over }) => over))
  }
}

const quiet = () => undefined
