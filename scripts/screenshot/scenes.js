// Draws what four fixed cameras might see, so that the screenshot of the page needs no footage. draw(context, scene, t)
// paints 1280x720 pixels. t is in seconds, and each scene repeats after 10 s.

const WIDTH = 1280
const HEIGHT = 720
const LOOP_S = 10

const mix = (a, b, share) => a + (b - a) * share
const shade = (r, g, b, light = 1) => `rgb(${Math.round(r * light)},${Math.round(g * light)},${Math.round(b * light)})`

/** Projects a point x meters to the right, z meters ahead and y meters up, seen by a camera 5 m above the ground. */
function project(x, y, z) {
  const scale = 760 / (z + 6)
  return [WIDTH / 2 + x * scale, 250 + (5 - y) * scale * 0.75]
}

function fill(g, points, style) {
  g.fillStyle = style
  g.beginPath()
  for (const [x, y] of points) g.lineTo(x, y)
  g.closePath()
  g.fill()
}

/** A box with its near lower left corner at (x, z). */
function box(g, x, z, width, depth, height, [r, gr, b], base = 0) {
  const corner = (dx, dy, dz) => project(x + dx, base + dy, z + dz)
  const top = base + height
  if (top < 5) {
    const roof = [
      [0, 0],
      [width, 0],
      [width, depth],
      [0, depth],
    ].map(([dx, dz]) => corner(dx, height, dz))
    fill(g, roof, shade(r, gr, b, 1.1))
  }
  if (x > 0) {
    fill(
      g,
      [corner(0, 0, 0), corner(0, height, 0), corner(0, height, depth), corner(0, 0, depth)],
      shade(r, gr, b, 0.6),
    )
  }
  if (x + width < 0) {
    const side = [
      [0, 0],
      [height, 0],
      [height, depth],
      [0, depth],
    ].map(([dy, dz]) => corner(width, dy, dz))
    fill(g, side, shade(r, gr, b, 0.6))
  }
  fill(g, [corner(0, 0, 0), corner(width, 0, 0), corner(width, height, 0), corner(0, height, 0)], shade(r, gr, b, 0.85))
}

function ground(g, far, near) {
  const gradient = g.createLinearGradient(0, 250, 0, HEIGHT)
  gradient.addColorStop(0, far)
  gradient.addColorStop(1, near)
  g.fillStyle = gradient
  g.fillRect(0, 250, WIDTH, HEIGHT - 250)
}

function sky(g, top, bottom) {
  const gradient = g.createLinearGradient(0, 0, 0, 260)
  gradient.addColorStop(0, top)
  gradient.addColorStop(1, bottom)
  g.fillStyle = gradient
  g.fillRect(0, 0, WIDTH, 260)
}

function shadow(g, x, z, width, depth) {
  fill(
    g,
    [
      project(x, 0, z),
      project(x + width + 0.5, 0, z),
      project(x + width + 0.5, 0, z + depth),
      project(x, 0, z + depth),
    ],
    'rgba(0,0,0,0.35)',
  )
}

function car(g, x, z, color) {
  shadow(g, x - 0.1, z - 0.3, 1.9, 4.4)
  box(g, x, z, 1.8, 4.2, 0.75, color, 0.3)
  box(g, x + 0.15, z + 1.1, 1.5, 2, 0.6, [60, 70, 80], 1.05)
  g.fillStyle = 'rgba(190,40,30,0.9)'
  for (const dx of [0.1, 1.4]) {
    const [left, top] = project(x + dx, 0.85, z)
    const [right, bottom] = project(x + dx + 0.3, 0.65, z)
    g.fillRect(left, top, right - left, bottom - top)
  }
}

function person(g, x, z, coat, stride) {
  shadow(g, x - 0.3, z - 0.1, 0.5, 0.4)
  const swing = Math.sin(stride * 7) * 0.22
  for (const side of [-1, 1]) {
    const foot = project(x + swing * side, 0, z)
    const hip = project(x, 0.85, z)
    g.strokeStyle = '#22252b'
    g.lineWidth = 110 / (z + 6)
    g.beginPath()
    g.moveTo(...foot)
    g.lineTo(...hip)
    g.stroke()
  }
  const [left, shoulder] = project(x - 0.26, 1.5, z)
  const [right, waist] = project(x + 0.26, 0.75, z)
  g.fillStyle = coat
  g.beginPath()
  g.roundRect(left, shoulder, right - left, waist - shoulder, (right - left) / 3)
  g.fill()
  const [headX, headY] = project(x, 1.68, z)
  g.fillStyle = '#b98d6f'
  g.beginPath()
  g.arc(headX, headY, 105 / (z + 6), 0, 7)
  g.fill()
}

/** A round glow, flattened to an ellipse. */
function light(g, [x, y], flatness, radius, strength) {
  g.save()
  g.translate(x, y)
  g.scale(1, flatness)
  const glow = g.createRadialGradient(0, 0, 0, 0, 0, radius)
  glow.addColorStop(0, `rgba(255,226,160,${strength})`)
  glow.addColorStop(1, 'rgba(255,226,160,0)')
  g.fillStyle = glow
  g.fillRect(-radius, -radius, 2 * radius, 2 * radius)
  g.restore()
}

const scenes = {
  gate(g, t) {
    sky(g, '#8fa3b5', '#cdd3d4')
    ground(g, '#6f7a62', '#55614c')
    fill(g, [project(-3.2, 0, 0.1), project(3.2, 0, 0.1), project(3.2, 0, 90), project(-3.2, 0, 90)], '#6b6d70')
    for (let z = 1; z < 60; z += 4) {
      fill(g, [project(-0.08, 0, z), project(0.08, 0, z), project(0.08, 0, z + 2), project(-0.08, 0, z + 2)], '#d8d8d0')
    }
    for (let x = -30; x < 30; x += 3) box(g, x, 48, 2.4, 1, 5 + ((x * 7) % 3), [78, 92, 70])
    for (const x of [-13, 6]) box(g, x, 30, 8, 6, 4.4, [150, 132, 118])
    for (const side of [-1, 1]) {
      for (let z = 40; z > 3; z -= 4) box(g, side * 4.4 - 0.1, z, 0.2, 0.2, 1.6, [120, 122, 126])
    }
    box(g, 3.6, 9, 0.8, 0.8, 2.6, [170, 60, 50])
    car(g, 0.6, mix(45, 3, (t / LOOP_S) ** 1.2), [150, 156, 165])
    car(g, -2.6, mix(6, 70, ((t + 4) % LOOP_S) / LOOP_S), [120, 42, 40])
    person(g, -6.2, mix(10, 16, t / LOOP_S), '#3d4f6b', t)
  },
  lobby(g, t) {
    g.fillStyle = '#b9b2a6'
    g.fillRect(0, 0, WIDTH, 260)
    ground(g, '#958c80', '#77706a')
    for (let z = 0; z < 26; z += 2) {
      for (let x = -12; x < 12; x += 2) {
        if ((x + z) % 4 === 0) continue
        fill(
          g,
          [project(x, 0, z), project(x + 2, 0, z), project(x + 2, 0, z + 2), project(x, 0, z + 2)],
          'rgba(255,255,255,0.07)',
        )
      }
    }
    for (const x of [-9, -3.4, 2.2]) {
      fill(g, [project(x, 0.4, 24), project(x + 5, 0.4, 24), project(x + 5, 4.8, 24), project(x, 4.8, 24)], '#d9e4ea')
      fill(
        g,
        [project(x + 2.4, 0.4, 24), project(x + 2.6, 0.4, 24), project(x + 2.6, 4.8, 24), project(x + 2.4, 4.8, 24)],
        '#6a6560',
      )
    }
    for (const x of [-11, 10]) box(g, x, 7, 1, 1, 4.9, [140, 132, 122])
    box(g, 3.4, 10, 4.6, 1.4, 1.1, [104, 74, 50])
    person(g, 5.6, 11.8, '#5b2f3a', 0.2)
    box(g, -8.5, 9, 3.4, 1.2, 0.5, [66, 84, 92])
    person(g, mix(-7, 6.5, t / LOOP_S), 5.5, '#2f4a3f', t)
    person(g, mix(4, -4, t / LOOP_S), 15, '#6a6f79', t + 1)
  },
  warehouse(g, t) {
    g.fillStyle = '#4a5056'
    g.fillRect(0, 0, WIDTH, 260)
    ground(g, '#7b7f83', '#63676b')
    for (const z of [34, 26, 18]) {
      fill(
        g,
        [project(-1.4, 4.95, z), project(1.4, 4.95, z), project(1.4, 4.95, z + 1), project(-1.4, 4.95, z + 1)],
        '#eef3f4',
      )
    }
    for (const x of [-2.6, 2.5]) {
      fill(g, [project(x, 0, 0.1), project(x + 0.12, 0, 0.1), project(x + 0.12, 0, 60), project(x, 0, 60)], '#c9b03a')
    }
    for (let z = 42; z >= 6; z -= 4) {
      for (const side of [-1, 1]) {
        for (let level = 0; level < 3; level++) {
          const x = side < 0 ? -6.4 : 3.4
          box(g, x, z, 3, 3.2, 0.12, [196, 106, 40], 0.1 + level * 1.55)
          const tone = ((z * 7 + level * 13 + side * 5) % 5) * 12
          if ((z + level * 3 + side) % 5 !== 0)
            box(g, x + 0.3, z + 0.4, 2.3, 2.4, 1.05, [150 + tone / 2, 118 + tone / 3, 82], 0.22 + level * 1.55)
        }
      }
    }
    const z = mix(30, 5, t / LOOP_S)
    shadow(g, -0.8, z - 0.2, 1.6, 2.4)
    box(g, -0.7, z, 1.4, 2, 1, [214, 150, 30], 0.2)
    box(g, -0.6, z + 0.2, 1.2, 1.2, 1, [50, 54, 58], 1.2)
    for (const x of [-0.5, 0.4]) box(g, x, z - 0.2, 0.12, 0.12, 2.6, [60, 62, 66])
    box(g, -0.6, z - 1, 1.2, 0.8, 0.8, [160, 124, 84], 0.5)
  },
  parking(g, t) {
    sky(g, '#1b2430', '#39414c')
    ground(g, '#3d4146', '#2d3034')
    for (const x of [-14, 9]) box(g, x, 40, 9, 5, 4.8, [58, 60, 70])
    for (const side of [-1, 1]) {
      for (let z = 34; z > 2; z -= 3) {
        const inner = side * 3.4
        fill(
          g,
          [
            project(inner, 0, z),
            project(inner + side * 5, 0, z),
            project(inner + side * 5, 0, z + 0.15),
            project(inner, 0, z + 0.15),
          ],
          '#9a9b96',
        )
      }
      for (let z = 31; z > 2; z -= 3) {
        if ((z + (side > 0 ? 1 : 0)) % 4 === 0) continue
        const tone = (z * 37) % 90
        shadow(g, side < 0 ? -7.6 : 4, z + 0.5, 3.6, 1.9)
        box(g, side < 0 ? -7.4 : 4, z + 0.6, 3.4, 1.7, 0.75, [70 + tone, 72 + tone / 2, 84 + tone / 3], 0.3)
        box(g, side < 0 ? -6.6 : 4.8, z + 0.8, 1.9, 1.3, 0.6, [34, 40, 48], 1.05)
      }
    }
    for (const [x, z] of [
      [-3, 22],
      [3, 12],
    ]) {
      light(g, project(x, 4.7, z), 1, 140 / (z + 6) + 10, 0.9)
      light(g, project(x, 0, z), 0.35, 5200 / (z + 6), 0.3)
      box(g, x - 0.06, z, 0.12, 0.12, 4.7, [90, 92, 96])
    }
    car(g, -1, mix(32, 3, t / LOOP_S), [180, 182, 186])
    person(g, mix(-2.6, 2.8, t / LOOP_S), 8, '#7a2f2f', t)
  },
}

/** Sensor noise, lens shading and the clock that cameras burn in. */
function finish(g, name, t, start) {
  const vignette = g.createRadialGradient(WIDTH / 2, HEIGHT / 2, 300, WIDTH / 2, HEIGHT / 2, 800)
  vignette.addColorStop(0, 'rgba(0,0,0,0)')
  vignette.addColorStop(1, 'rgba(0,0,0,0.45)')
  g.fillStyle = vignette
  g.fillRect(0, 0, WIDTH, HEIGHT)
  const picture = g.getImageData(0, 0, WIDTH, HEIGHT)
  for (let i = 0; i < picture.data.length; i += 4) {
    const noise = (Math.random() - 0.5) * 16
    for (let c = 0; c < 3; c++) picture.data[i + c] += noise
  }
  g.putImageData(picture, 0, 0)
  g.font = '600 30px "DejaVu Sans Mono", monospace'
  g.fillStyle = '#fff'
  g.shadowColor = '#000'
  g.shadowBlur = 4
  g.fillText(new Date(start + t * 1000).toISOString().slice(0, 19).replace('T', ' '), 28, 48)
  g.textAlign = 'right'
  g.fillText(name.toUpperCase(), WIDTH - 28, HEIGHT - 26)
  g.textAlign = 'left'
  g.shadowBlur = 0
}

globalThis.draw = (canvas, name, t) => {
  const g = canvas.getContext('2d', { willReadFrequently: true })
  canvas.width = WIDTH
  canvas.height = HEIGHT
  g.filter = 'none'
  scenes[name](g, t)
  g.filter = 'blur(1px)'
  g.drawImage(canvas, 0, 0)
  g.filter = 'none'
  finish(g, name, t, Date.UTC(2026, 10, 25, 14, 3, 7))
  return canvas.toDataURL('image/jpeg', 0.92)
}
