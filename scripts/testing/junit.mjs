// Reads the subset of JUnit XML that ctest and pytest write.

const entities = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' }

/** @returns {{open: string, body: string}[]} each test case's opening tag and content. */
export function testCases(xml) {
  return [...xml.matchAll(/<testcase\b((?:"[^"]*"|[^">])*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g)].map(
    ([, open, body = '']) => ({ open, body }),
  )
}

export function attribute(open, name) {
  return unescape(new RegExp(`\\b${name}="([^"]*)"`).exec(open)?.[1] ?? '')
}

/** The content without its tags. */
export function text(body) {
  return unescape(body.replace(/<[^>]*>/g, ''))
}

function unescape(value) {
  return value
    .replace(/&#(x?)([0-9a-fA-F]+);/g, (_, hex, digits) => String.fromCodePoint(Number.parseInt(digits, hex ? 16 : 10)))
    .replace(/&(lt|gt|quot|apos|amp);/g, (_, name) => entities[name])
}
