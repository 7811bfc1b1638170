// See the header.
#include "rtp_repair.h"

#include <algorithm>

#include "big_endian.h"

namespace framegate {
namespace {

constexpr uint8_t kSenderReport = 200, kBye = 203;
constexpr char kMarker = '\x80', kPadding = 0x20;

uint8_t Byte(std::string_view text, size_t at) { return static_cast<uint8_t>(text[at]); }

// Calls on_part for each packet of a compound RTCP packet.
template <typename OnPart>
void ForEachPart(std::string_view packet, OnPart on_part) {
  while (packet.size() >= 4) {
    const size_t size = std::min<size_t>(packet.size(), 4 + 4 * ReadUint16(&packet[2]));
    on_part(packet.substr(0, size), Byte(packet, 1));
    packet.remove_prefix(size);
  }
}

}  // namespace

// RFC 3550, 5.1.
RtpPayload PayloadOf(std::string_view packet) {
  constexpr size_t kHead = RtpContinuity::kHead;
  if (packet.size() < kHead || Byte(packet, 0) >> 6 != 2) return {};
  size_t head = kHead + 4 * size_t{Byte(packet, 0) & 15U};
  if ((Byte(packet, 0) & 0x10) != 0) {
    if (head + 4 > packet.size()) return {};
    head += 4 + 4 * ReadUint16(&packet[head + 2]);
  }
  if (head > packet.size()) return {};
  const size_t most = packet.size() - head;
  const size_t padding = (packet[0] & kPadding) != 0 ? Byte(packet, packet.size() - 1) : 0;
  if (padding > most) return {};
  return {head, most - padding};
}

void RtpRepair::Take(std::string_view packet, const RtpFormats& formats, int64_t now_ns,
                     const std::function<void(std::string_view)>& emit) {
  if (packet.size() < RtpContinuity::kHead) return;
  const RtpPayload found = PayloadOf(packet);
  const RtpFormat& format = formats[Byte(packet, 1) & 0x7f];
  const bool wanted = format.client_type >= 0 && found.size > 0;
  if (!continuity_.Take(packet.data(), packet.size(), wanted, now_ns)) return;
  const std::string_view payload = packet.substr(found.head, found.size);
  const bool marker = (packet[1] & kMarker) != 0;
  const auto& payloads = splitter_.Take(format.codec, payload, continuity_.gap());
  for (size_t i = 0; i < payloads.size(); ++i) {
    const bool last = i + 1 == payloads.size();
    sent_.assign(packet.substr(0, found.head));
    sent_[0] = static_cast<char>(sent_[0] & ~kPadding);
    sent_[1] = static_cast<char>((marker && last ? kMarker : 0) | format.client_type);
    if (format.codec != RtpCodec::kOther) {
      const uint32_t timestamp = times_.Take(ReadUint32(&packet[4]), PartOf(format.codec, payloads[i]), marker && last,
                                             continuity_.gap() && i == 0, format.clock_rate_hz, now_ns);
      WriteUint32(&sent_[4], timestamp);
    }
    continuity_.Stamp(&sent_[0]);
    sent_.append(payloads[i]);
    emit(sent_);
  }
}

std::string RtpRepair::TakeRtcp(std::string_view packet) const {
  constexpr size_t kReportBytes = 28;
  std::string sent(packet);
  if (!continuity_.TakeRtcp(&sent[0], sent.size())) return "";
  std::string kept;
  ForEachPart(sent, [&](std::string_view part, uint8_t type) {
    if (type == kBye) return;
    if (type != kSenderReport || part.size() < kReportBytes) {
      kept += part;
      return;
    }
    const auto timestamp = times_.ForReport(ReadUint32(&part[16]));
    if (!timestamp) return;
    kept += part;
    WriteUint32(&kept[kept.size() - part.size() + 16], *timestamp);
  });
  return kept;
}

std::string WithoutBye(std::string_view packet) {
  std::string kept;
  ForEachPart(packet, [&](std::string_view part, uint8_t type) {
    if (type != kBye) kept += part;
  });
  return kept;
}

bool HasBye(std::string_view packet) {
  bool has_bye = false;
  ForEachPart(packet, [&](std::string_view, uint8_t type) { has_bye = has_bye || type == kBye; });
  return has_bye;
}

}  // namespace framegate
