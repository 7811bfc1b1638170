// The part of operations.ts about tokens, sessions and tickets.

import { json, ref, type Operations } from './operation.js'

export const ACCESS_OPERATIONS: Operations = {
  '/session': {
    get: {
      id: 'getSession',
      role: 'anyone',
      tag: 'Access',
      summary: 'Whether this gateway requires a token, and what yours allows',
      answer: json('The role.', ref('SessionAnswer')),
    },
  },
  '/sign-in': {
    post: {
      id: 'signIn',
      role: 'anyone',
      tag: 'Access',
      summary: 'Sign in on the page',
      description:
        'Sets a cookie that the browser sends instead of the token. The session ends after 12 hours without a request, and when the gateway restarts.',
      request: 'SignInRequest',
      answer: json('Signed in.', ref('SessionAnswer')),
      errors: ['ERR_UNAUTHORIZED', 'ERR_JSON_INVALID', 'ERR_BODY_INVALID', 'ERR_FIELD_INVALID', 'ERR_BODY_TOO_LARGE'],
    },
  },
  '/sign-out': {
    post: {
      id: 'signOut',
      role: 'anyone',
      tag: 'Access',
      summary: 'End the session of the page',
      answer: json('Signed out.', ref('OkAnswer')),
    },
  },
  '/tickets': {
    post: {
      id: 'makeTicket',
      tag: 'Access',
      summary: "A ticket for one camera's frames, for players that can only take an address",
      description:
        '`/mjpeg`, `/frames` and `/snapshot` accept it as `ticket`, and so do the WHEP, HLS and RTSP addresses of a managed MediaMTX. It needs no other secret, so give it only to those who may watch this camera. It ends when its token is removed, and when the gateway restarts.',
      request: 'TicketRequest',
      answer: json('The ticket.', ref('TicketAnswer')),
      errors: [
        'ERR_JSON_INVALID',
        'ERR_BODY_INVALID',
        'ERR_FIELD_INVALID',
        'ERR_BODY_TOO_LARGE',
        'ERR_CAMERA_NOT_FOUND',
      ],
    },
  },
}
