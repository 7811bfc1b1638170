import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Access } from './Access'
import { App } from './App'

createRoot(document.getElementById('page')!).render(
  <StrictMode>
    <Access>{(session) => <App session={session} />}</Access>
  </StrictMode>,
)
