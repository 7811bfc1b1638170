// The drawn picture: a pure function of frame number, width and height (feeder thread).
//
// Integers only, so that test/python/test_picture.py draws the same bytes.
// I420, limited range (luma 16..235). `/` rounds down, all sizes are in pixels:
//
// 1. Ground, all rows. wave(t, p, a) = a * 4 * u * (p/2 - u) / ((p/2) * (p/2)), where
//    u = t mod (p/2); negated (after the division) in the second half of the period p.
//    luma(x, y) = 112 + wave((x + y + step * n) mod 512, 512, 48), step = max(2, w / 160)
//    U(x, y) = 128 + wave((x + y + n) mod 512, 512, 20)           chroma coordinates
//    V(x, y) = 128 + wave((x + y + n + 128) mod 512, 512, 20)
// 2. Disc of radius r = min(w, h) / 10, luma 190, U 100, V 156. Its center bounces:
//    bounce(t, span) = t mod (2 span), or 2 span minus that if it is above span.
//    cx = r + 1 + bounce(step * n, w - 2 - 2r), rounded down to even;
//    cy = bar + r + 1 + bounce(max(1, h / 180) * n, h - 2 - bar - 2r), likewise, where
//    bar is the height of the bar code. In row cy + d, |d| <= r, the disc covers
//    cx +- isqrt(r*r - d*d). In chroma, center and radius are halved.
// 3. Digits: n mod 1000000, six digits, seven segments, luma 200, chroma untouched.
//    Digit height d = min(h / 6, w / 5), width d / 2, advance 5 * (d / 2) / 4, stroke
//    max(2, d / 8); the first digit's corner is at x = d / 4, y = h - d - d / 4.
// 4. Bar code, rows 0 to bar - 1, bar = max(4, (h / 12) rounded down to even), chroma
//    128: 40 cells, cell i from x = i * w / 40 to (i + 1) * w / 40, luma 220 for a one
//    and 30 for a zero: 32 bits of n, most significant first, then their CRC-8
//    (polynomial 0x07, start 0xFF, over the four bytes, most significant first).
#ifndef FRAMEGATE_TEST_CAMERA_PICTURE_H_
#define FRAMEGATE_TEST_CAMERA_PICTURE_H_

#include <cstdint>
#include <vector>

struct Plane {
  uint8_t* data;
  int stride;  // Bytes.
};

class Picture {
 public:
  // Both even, `width` >= 160, `height` >= 90.
  Picture(int width, int height);

  // Draws frame `n`; planes Y, U and V, the latter two half as wide and high.
  void Draw(uint32_t n, const Plane planes[3]) const;

 private:
  void DrawGround(uint32_t n, const Plane planes[3]) const;
  void DrawDisc(uint32_t n, const Plane planes[3]) const;
  void DrawDigits(uint32_t n, const Plane& luma) const;
  void DrawBars(uint32_t n, const Plane planes[3]) const;

  const int width_;
  const int height_;
  const int bar_;   // Height of the bar code, px.
  const int step_;  // Movement from frame to frame, px.
  // One period of each wave, extended by the length of a row.
  std::vector<uint8_t> luma_;
  std::vector<uint8_t> chroma_;
  std::vector<int> disc_;       // Half width of the disc, by distance from its center.
  std::vector<int> half_disc_;  // The same for chroma.
};

#endif  // FRAMEGATE_TEST_CAMERA_PICTURE_H_
