// What the lists of error codes say about each code.

export interface ErrorInfo {
  /** HTTP status of a response with this code; absent if no HTTP response carries it. */
  readonly status?: number
  /** What it means; then what the user can do about it, or what the gateway does. One line of Markdown. */
  readonly sentence: string
}

export type ErrorList = Readonly<Record<`ERR_${string}`, ErrorInfo>>
