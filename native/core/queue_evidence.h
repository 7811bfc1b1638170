// Decides whether pictures wait in a queue, from the times between them. A line that is full takes time in proportion
// to the bytes that it carries. A camera sends pictures when it takes them, whatever their size. Pure.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>

namespace framegate {

class QueueEvidence {
 public:
  struct Picture {
    int64_t gap_ns;   // From the first packet of the picture before to the first of this one.
    int64_t step_ns;  // The same by their timestamps; 0: do not count it for the pace.
    double bytes;     // Of the picture before.
    int64_t best_ns;  // LagMeter's, when this picture arrived.
    double rate;
  };

  void Add(const Picture& picture) {
    pictures_.push_back(picture);
    if (pictures_.size() > kPictures) pictures_.pop_front();
  }
  void Clear() { pictures_.clear(); }

  double MeanBytes() const {
    double bytes = 0;
    for (const Picture& picture : pictures_) bytes += picture.bytes / static_cast<double>(pictures_.size());
    return bytes;
  }

  // The part of the time between pictures that the bytes explain: 1 on a full line, 0 if their size does not matter.
  // 0 also while that is uncertain.
  double Share() const {
    const double n = static_cast<double>(pictures_.size());
    if (n < kFewest) return 0;
    double bytes = 0, gap = 0;
    for (const Picture& picture : pictures_) {
      bytes += picture.bytes / n;
      gap += static_cast<double>(picture.gap_ns) / n;
    }
    double sxx = 0, sxy = 0, syy = 0;
    for (const Picture& picture : pictures_) {
      const double x = picture.bytes - bytes, y = static_cast<double>(picture.gap_ns) - gap;
      sxx += x * x;
      sxy += x * y;
      syy += y * y;
    }
    if (sxx < n * std::pow(kSameSize * bytes, 2) || gap <= 0) return 0;
    const double slope = sxy / sxx;
    const double error = std::sqrt(std::max(0.0, syy - slope * sxy) / (n - 2) / sxx);
    return slope > kCertainty * error ? slope * bytes / gap : 0;
  }

  // How many ns pass between pictures for each ns of their timestamps.
  double Pace() const { return Pace(0, pictures_.size()); }

  // The pace stays the same: it is the clock's.
  bool Steady() const {
    const double first = Pace(0, kPictures / 2), second = Pace(kPictures / 2, kPictures);
    return pictures_.size() == kPictures && std::abs(first - second) < kSamePace * first;
  }

  // How much the times between pictures differ from their mean, as a part of it: 0 if pictures come evenly, nearly 2 if
  // they come in large bursts.
  double Unevenness() const {
    const double n = static_cast<double>(pictures_.size());
    double mean = 0, difference = 0;
    for (const Picture& picture : pictures_) mean += static_cast<double>(picture.gap_ns) / n;
    for (const Picture& picture : pictures_) difference += std::abs(static_cast<double>(picture.gap_ns) - mean) / n;
    return mean > 0 ? difference / mean : 0;
  }

  double FirstRate(double otherwise) const { return pictures_.empty() ? otherwise : pictures_.front().rate; }

  // The least of the pictures' best_ns; `otherwise` if there are none.
  int64_t LeastBest(int64_t otherwise) const {
    for (const Picture& picture : pictures_) otherwise = std::min(otherwise, picture.best_ns);
    return otherwise;
  }

 private:
  double Pace(size_t from, size_t to) const {
    int64_t gap_ns = 0, step_ns = 0;
    for (size_t i = from; i < std::min(to, pictures_.size()); ++i) {
      if (pictures_[i].step_ns == 0) continue;
      gap_ns += pictures_[i].gap_ns;
      step_ns += pictures_[i].step_ns;
    }
    return step_ns > 0 ? static_cast<double>(gap_ns) / static_cast<double>(step_ns) : 1;
  }

  static constexpr size_t kPictures = 32;
  static constexpr double kSamePace = 0.03;
  static constexpr double kSameSize = 0.02;
  static constexpr double kFewest = 6;
  static constexpr double kCertainty = 3;  // Standard errors.

  std::deque<Picture> pictures_;
};

}  // namespace framegate
