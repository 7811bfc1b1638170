// An app as users write it: the component in StrictMode. It records the states that the component reports.

import { witness } from './witness'
import { StrictMode } from 'react'
import { createRoot, type Root } from 'react-dom/client'
import { ReactWhepSample, type PlayerStatus, type ReactWhepSampleProps } from '../../../clients/react/ReactWhepSample'

const element = document.getElementById('app')!
let root: Root | null = null
const states: (PlayerStatus & { atMs: number })[] = []

Object.assign(window, {
  app: {
    ...witness,
    states,
    show(props: ReactWhepSampleProps) {
      root ??= createRoot(element)
      root.render(
        <StrictMode>
          <ReactWhepSample {...props} onState={(status) => states.push({ ...status, atMs: performance.now() })} />
        </StrictMode>,
      )
    },
    hide() {
      root?.unmount()
      root = null
    },
    status: () => states.at(-1) ?? null,
    words: () => element.innerText,
    /** A text that changes with each picture shown; '' before the first. */
    picture() {
      const seen = [...element.querySelectorAll<HTMLVideoElement | HTMLImageElement>('video, img')].find(
        ({ style }) => style.visibility === 'visible',
      )
      if (seen instanceof HTMLVideoElement)
        return seen.videoWidth > 0 ? `video ${seen.getVideoPlaybackQuality().totalVideoFrames}` : ''
      return seen && seen.naturalWidth > 0 ? `image ${seen.src}` : ''
    },
    /** How visible the picture is; 1 unless it is dimmed. */
    opacity: () => Number(getComputedStyle(element.querySelector('[role=img]')!).opacity),
    /** The image shown until video moves; '' if there is none. */
    poster: () => element.querySelector<HTMLElement>('[role=img] > div')?.style.backgroundImage ?? '',
    media: () => element.querySelectorAll('video, img').length,
  },
})
