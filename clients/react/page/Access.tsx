import { useEffect, useState, type ReactNode, type SyntheticEvent } from 'react'
import { GatewayError, getSession, signIn, SIGNED_OUT, type Session } from './api'

const RETRY_MS = 2000

/** Shows a form instead of the page until the gateway knows who is there. */
export function Access({ children }: { children: (session: Session) => ReactNode }) {
  const [session, setSession] = useState<Session | null>(null)
  const [round, setRound] = useState(0)
  const again = () => setRound((number) => number + 1)
  useEffect(() => {
    let over = false
    let timer: ReturnType<typeof setTimeout> | undefined
    const ask = async () => {
      try {
        const answer = await getSession()
        if (!over) setSession(answer)
      } catch {
        if (!over) timer = setTimeout(() => void ask(), RETRY_MS)
      }
    }
    addEventListener(SIGNED_OUT, again)
    void ask()
    return () => {
      over = true
      clearTimeout(timer)
      removeEventListener(SIGNED_OUT, again)
    }
  }, [round])
  if (session === null)
    return (
      <main>
        <p className="loading">Loading…</p>
      </main>
    )
  return session.role === null ? <SignIn onDone={again} /> : children(session)
}

function SignIn({ onDone }: { onDone: () => void }) {
  const [token, setToken] = useState('')
  const [problem, setProblem] = useState<string | null>(null)
  async function submit(event: SyntheticEvent) {
    event.preventDefault()
    try {
      // A whole line of the file of tokens has the role in front.
      await signIn(token.trim().split(/\s+/).at(-1) ?? '')
      onDone()
    } catch (error) {
      const wrong = error instanceof GatewayError && error.code === 'ERR_UNAUTHORIZED'
      setProblem(
        wrong ? 'The gateway does not know this token.' : error instanceof Error ? error.message : String(error),
      )
    }
  }
  return (
    <main className="empty">
      <h1>Sign in to Framegate</h1>
      <p>Enter a token of this gateway. Its administrator has them.</p>
      <form className="form sign-in" onSubmit={(event) => void submit(event)}>
        <input
          type="password"
          aria-label="Token"
          autoComplete="current-password"
          autoFocus
          value={token}
          onChange={(event) => setToken(event.target.value)}
        />
        {problem !== null && (
          <p className="wrong" role="alert">
            {problem}
          </p>
        )}
        <button type="submit" className="button primary">
          Sign in
        </button>
      </form>
    </main>
  )
}
